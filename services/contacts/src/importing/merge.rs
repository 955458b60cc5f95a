//! Rows about people who are there already: their blanks are filled, nothing of theirs is replaced. Where an assurance was wanting, either the file or what is
//! there counts, and nothing of the one gets into the other.

use super::chunk::Candidate;
use super::prepare::Work;
use super::staged::Counts;
use crate::domain::blobs::Blobs;
use crate::domain::import::row::Warning;
use crate::error::{Error, Result};
use crate::store::ContactRow;
use crate::vault::{own_limit, seal_blobs};
use jiff_diesel::ToDiesel as _;
use kernel::SubjectId;
use opener::{Asking, OpenedRow};
use privacy::{Purpose, Verb};
use std::collections::HashMap;

/// A row that is there, and what the file says of the person.
pub type Pair = (ContactRow, Candidate);

impl Work<'_> {
    /// Whether nobody answers for what the file says.
    pub(super) fn unassured(&self) -> bool {
        self.run.source == "provider" && self.run.attestation_id.is_none()
    }

    /// The pairs without those of which nothing is taken: what nobody answers for fills no blank of somebody who is not in quarantine.
    pub(super) fn answered_for(&self, mut pairs: Vec<Pair>, counts: &mut Counts) -> Vec<Pair> {
        if self.unassured() {
            let left = pairs.extract_if(.., |(row, _)| !row.quarantined);
            left.for_each(|(_, candidate)| counts.warn(Warning::NoAssurance, candidate.rows));
        }
        pairs
    }

    /// The rows that change by the file, sealed anew. All are opened in one request, and it is on record.
    pub(super) async fn merged(&self, pairs: Vec<Pair>) -> Result<Vec<ContactRow>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let limit = own_limit();
        let asking = Asking {
            tenant: self.tenant,
            principal: self.run.principal_id.into(),
            limit: &limit,
            purpose: Purpose::OPERATE,
            verb: Verb::Import,
            operation: "import",
        };
        let opened = self.opener.open(&asking, pairs.iter().map(|(row, _)| row.sealed()).collect()).await?.for_work();
        let opened: HashMap<_, OpenedRow> = opened.into_iter().map(|row| (row.row, row)).collect();
        let mut filled = Vec::new();
        for (row, candidate) in pairs {
            let Some(opened) = opened.get(&row.id) else { continue };
            // What may not be opened is not seen, and what is not seen must not be replaced.
            if !opened.decision.withheld().is_empty() {
                continue;
            }
            if row.quarantined && !self.unassured() {
                filled.push(self.let_out(&row, candidate));
                continue;
            }
            let mut blobs = Blobs::opened(|category| opened.blob(category))?;
            let clear = clear(&row, &candidate);
            if blobs.fill_blanks(&candidate.blobs) || clear.is_some() {
                filled.push((clear.unwrap_or(row), blobs));
            }
        }
        self.sealed(filled).await
    }

    /// Somebody in quarantine for whom somebody answers now, with what these say; what nobody answered for goes.
    fn let_out(&self, row: &ContactRow, candidate: Candidate) -> (ContactRow, Blobs) {
        let Candidate { tokens, values, blobs, .. } = candidate;
        let new = self.unsealed(row.id.into(), tokens, &values);
        (ContactRow { suppressed: row.suppressed, version: row.version, created_at: row.created_at, ..new }, blobs)
    }

    async fn sealed(&self, filled: Vec<(ContactRow, Blobs)>) -> Result<Vec<ContactRow>> {
        if filled.is_empty() {
            return Ok(Vec::new());
        }
        let people: Vec<SubjectId> = filled.iter().map(|(row, _)| row.id.into()).collect();
        let keys = self.vault.release(self.tenant, &people, Verb::Import).await?;
        let now = self.now.to_diesel();
        let rows = filled.into_iter().zip(keys).filter_map(|((row, blobs), keys)| {
            let [personal, business, imported] = seal_blobs(self.tenant, row.id.into(), &keys?, &blobs);
            Some(ContactRow { version: row.version + 1, updated_at: now, personal, business, imported, ..row })
        });
        Ok::<_, Error>(rows.collect())
    }
}

/// The row with its columns in clear filled, when the file fills any.
fn clear(row: &ContactRow, candidate: &Candidate) -> Option<ContactRow> {
    let mut filled = row.clone();
    let (values, tokens) = (&candidate.values, &candidate.tokens);
    filled.language = filled.language.or_else(|| values.language.clone());
    filled.time_zone = filled.time_zone.or_else(|| values.time_zone.clone());
    filled.employee_band = filled.employee_band.or_else(|| values.employee_band.map(|band| band.name().to_owned()));
    filled.email_index = filled.email_index.or_else(|| tokens.email.clone());
    filled.telephone_index = filled.telephone_index.or_else(|| tokens.telephone.clone());
    filled.suppression_token = filled.suppression_token.or_else(|| tokens.suppression_email.clone());
    filled.suppression_telephone = filled.suppression_telephone.or_else(|| tokens.suppression_telephone.clone());
    let same = filled.language == row.language
        && filled.time_zone == row.time_zone
        && filled.employee_band == row.employee_band
        && filled.email_index == row.email_index
        && filled.telephone_index == row.telephone_index
        && filled.suppressions() == row.suppressions();
    (!same).then_some(filled)
}
