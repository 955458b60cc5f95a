//! What a chunk comes to, before anything of it is kept: who is new, who is there, who must not come, sealed and ready.

use super::chunk::{Candidate, Chunk};
use super::merge::Pair;
use super::staged::{Counts, chunk_place, open_header, open_rows, seal_rows};
use super::{REJECTED, STAGED};
use crate::domain::fields::Values;
use crate::domain::import::layout::Mapping;
use crate::error::{Error, Lost, Result};
use crate::store::imports::{self, ImportRow};
use crate::store::{ContactRow, people, suppressions};
use crate::vault::{Tokens, Vault, seal_blobs};
use db::Db;
use jiff_diesel::ToDiesel as _;
use kernel::{SubjectId, TenantId, Timestamp};
use opener::Opener;
use privacy::Verb;
use seal::Key;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A run on its way.
pub(super) struct Work<'a> {
    pub tenant: TenantId,
    pub run: &'a ImportRow,
    pub key: &'a Key,
    pub db: &'a Db,
    pub opener: &'a Opener,
    pub vault: &'a Vault,
    pub now: Timestamp,
}

/// A chunk that has been read, before anybody was looked for.
pub(super) struct Parsed {
    pub number: i64,
    pub rows: i64,
    chunk: Chunk,
}

/// What a chunk comes to.
pub(super) struct Outcome {
    pub number: i64,
    pub rows: i64,
    pub created: Vec<ContactRow>,
    /// Each one version after the row it replaces.
    pub merged: Vec<ContactRow>,
    /// By which those who come would be kept out.
    pub tokens: Vec<Vec<u8>>,
    /// By which those whom the chunk is about are known.
    pub known_by: HashSet<Vec<u8>>,
    pub counts: Counts,
    pub rejects: Option<Vec<u8>>,
}

impl Parsed {
    /// Whether somebody in this chunk may be somebody in the other, so that it has to wait for what becomes of them.
    pub fn meets(&self, other: &Outcome) -> bool {
        self.chunk.candidates.iter().any(|candidate| candidate.tokens.found_by().any(|token| other.known_by.contains(token)))
    }
}

impl Work<'_> {
    /// Reads a staged chunk; none is left under a number that was committed.
    pub async fn parsed(&self, number: i64) -> Result<Option<Parsed>> {
        let (tenant, import) = (self.tenant, self.run.id);
        let Some(sealed) = imports::read_chunk(self.db, tenant, import, number).await? else { return Ok(None) };
        let rows = open_rows(self.key, &chunk_place(tenant, import, number, STAGED), &sealed).map_err(|cause| lost(cause, Lost::Rows))?;
        let mapping = self.run.mapping.as_deref().ok_or(Error::Lost(Lost::Columns))?;
        let mapping: Mapping = open_header(self.key, tenant, import, mapping).map_err(|cause| lost(cause, Lost::Columns))?;
        let indexes = self.vault.indexes(tenant).await?;
        let count = i64::try_from(rows.len()).unwrap_or_default();
        Ok(Some(Parsed { number, rows: count, chunk: Chunk::read(rows, &mapping, self.run.country.as_deref(), &indexes) }))
    }

    /// Who is new, who is there, who must not come; sealed and ready to be kept.
    pub async fn outcome(&self, parsed: Parsed) -> Result<Outcome> {
        let Parsed { number, rows, chunk: Chunk { candidates, rejects, mut counts } } = parsed;
        let known_by = candidates.iter().flat_map(|candidate| candidate.tokens.found_by().cloned()).collect();
        let tokens: Vec<Vec<u8>> = candidates.iter().flat_map(|candidate| candidate.tokens.suppressions().cloned()).collect();
        let suppressed = suppressions::among(self.db, self.tenant, tokens.clone()).await?;
        let (new, known) = self.known(candidates, &suppressed, &mut counts).await?;
        counts.created += u64::try_from(new.len()).unwrap_or_default();
        counts.merged +=
            new.iter().map(|candidate| candidate.rows - 1).sum::<u64>() + known.iter().map(|(_, candidate)| candidate.rows).sum::<u64>();
        let created = self.made(new).await?;
        let merged = self.merged(self.answered_for(known, &mut counts)).await?;
        let rejects = if rejects.is_empty() {
            None
        } else {
            Some(seal_rows(self.key, &chunk_place(self.tenant, self.run.id, number, REJECTED), &rejects)?)
        };
        let tokens = tokens.into_iter().filter(|token| !suppressed.contains(token)).collect();
        Ok(Outcome { number, rows, created, merged, tokens, known_by, counts, rejects })
    }

    /// Sorts candidates into those who are new and those who are there already.
    async fn known(
        &self,
        candidates: Vec<Candidate>,
        suppressed: &HashSet<Vec<u8>>,
        counts: &mut Counts,
    ) -> Result<(Vec<Candidate>, Vec<Pair>)> {
        let emails: Vec<Vec<u8>> = candidates.iter().filter_map(|candidate| candidate.tokens.email.clone()).collect();
        let unnamed = candidates.iter().filter(|candidate| candidate.tokens.email.is_none());
        let telephones: Vec<Vec<u8>> = unnamed.filter_map(|candidate| candidate.tokens.telephone.clone()).collect();
        let there = people::read_by_tokens(self.db, self.tenant, emails, telephones).await?;
        let by_email: HashMap<&[u8], &ContactRow> = there.iter().filter_map(|row| Some((row.email_index.as_deref()?, row))).collect();
        let by_telephone = by_telephone(&there);
        let mut new = Vec::new();
        let mut known: BTreeMap<Uuid, Pair> = BTreeMap::new();
        for candidate in candidates {
            let found = match (&candidate.tokens.email, &candidate.tokens.telephone) {
                (Some(email), _) => by_email.get(email.as_slice()),
                (None, Some(telephone)) => by_telephone.get(telephone.as_slice()),
                (None, None) => None,
            };
            match found {
                _ if candidate.tokens.suppressions().any(|token| suppressed.contains(token)) => {
                    counts.suppressed += candidate.rows;
                }
                // Named by an address in one row and by a number in another: one person all the same.
                Some(row) => match known.entry(row.id) {
                    Entry::Occupied(mut pair) => pair.get_mut().1.absorb(&candidate),
                    Entry::Vacant(place) => drop(place.insert(((*row).clone(), candidate))),
                },
                None => new.push(candidate),
            }
        }
        Ok((new, known.into_values().collect()))
    }

    /// Rows of new people, with keys of their own, made in one request.
    async fn made(&self, new: Vec<Candidate>) -> Result<Vec<ContactRow>> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let subjects: Vec<SubjectId> = new.iter().map(|_| SubjectId::random()).collect();
        let keys = self.vault.create(self.tenant, &subjects, Verb::Import).await?;
        let each = new.into_iter().zip(subjects).zip(keys);
        // Somebody without keys would be lost without a word: the chunk is tried again.
        each.map(|((candidate, subject), keys)| Ok(self.row(candidate, subject, &keys.ok_or(Error::NotFound)?))).collect()
    }

    fn row(&self, candidate: Candidate, subject: SubjectId, keys: &Vec<Key>) -> ContactRow {
        let Candidate { tokens, values, blobs, .. } = candidate;
        let [personal, business, imported] = seal_blobs(self.tenant, subject, keys, &blobs);
        ContactRow { personal, business, imported, ..self.unsealed(subject, tokens, &values) }
    }

    /// The row of somebody who rests on this run alone, with nothing sealed yet.
    pub(super) fn unsealed(&self, subject: SubjectId, tokens: Tokens, values: &Values) -> ContactRow {
        ContactRow {
            source: self.run.source.clone(),
            attestation_id: self.run.attestation_id,
            import_id: Some(self.run.id),
            // Data of a provider without an assurance is there, and of no use.
            quarantined: self.unassured(),
            ..ContactRow::new(self.tenant, subject, self.now.to_diesel(), tokens, values)
        }
    }
}

/// What does not open, or says nothing once it is open, will not the next time.
fn lost(cause: Error, what: Lost) -> Error {
    match cause {
        Error::Unopenable(_) | Error::Stored(_) => Error::Lost(what),
        other => other,
    }
}

/// Who has a number: somebody of whom nothing else is known, before somebody who has an address too; the older id first.
fn by_telephone(there: &[ContactRow]) -> HashMap<&[u8], &ContactRow> {
    let mut rows: Vec<&ContactRow> = there.iter().collect();
    rows.sort_by_key(|row| (row.email_index.is_some(), row.id));
    // What comes later takes the place of what came before.
    rows.iter().rev().filter_map(|row| Some((row.telephone_index.as_deref()?, *row))).collect()
}
