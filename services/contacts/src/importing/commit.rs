//! Committing: one chunk a transaction, which takes the chunk away, counts it, and puts its people in. Whatever dies in between, a chunk has its effect once.

use super::REJECTED;
use super::chunk::{Candidate, Chunk};
use super::merge::Pair;
use super::staged::{Counts, open_header, open_rows, seal_rows};
use crate::domain::import::layout::Mapping;
use crate::error::{Error, Result};
use crate::store::imports::{self, ImportRow};
use crate::store::{ContactRow, people, suppressions};
use crate::telling;
use crate::vault::{Vault, seal_blobs};
use db::{Db, DbError, TenantTx};
use events::contacts::Change;
use jiff_diesel::ToDiesel as _;
use kernel::{SubjectId, TenantId, Timestamp};
use opener::Opener;
use privacy::{CategorySet, Verb};
use seal::Key;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Imports of other processes, or from before a crash, are found by looking.
const LOOK: Duration = Duration::from_secs(1);
/// A chunk that met somebody else's change is read again.
const TRIES: u32 = 5;

/// Works on imports that are to be committed.
pub struct Importer {
    pub db: Db,
    pub opener: Opener,
    pub vault: Vault,
    wake: Notify,
}

/// A run on its way.
pub(super) struct Work<'a> {
    pub tenant: TenantId,
    pub run: &'a ImportRow,
    pub opener: &'a Opener,
    pub vault: &'a Vault,
    pub now: Timestamp,
}

/// What a chunk comes to.
struct Outcome {
    created: Vec<ContactRow>,
    /// Each one version after the row it replaces.
    merged: Vec<ContactRow>,
    /// By which those who come would be kept out.
    tokens: Vec<Vec<u8>>,
    counts: Counts,
    rejects: Option<Vec<u8>>,
}

impl Importer {
    pub fn new(db: Db, opener: Opener, vault: Vault) -> Self {
        Self { db, opener, vault, wake: Notify::new() }
    }

    /// Lets the run be worked on.
    pub async fn enqueue(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        imports::enqueue(&self.db, tenant, import).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Works until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        while !stop.is_cancelled() {
            match imports::queued(&self.db).await {
                Ok(queued) => {
                    for (tenant, import) in queued {
                        if let Some(Err(cause)) = stop.run_until_cancelled(self.work(tenant, import)).await {
                            tracing::warn!(%import, cause = %cause, "an import waits: {cause}");
                        }
                    }
                }
                Err(cause) => tracing::warn!(%cause, "imports cannot be looked for"),
            }
            // A missed time-out is only another look.
            let _woken = stop.run_until_cancelled(tokio::time::timeout(LOOK, self.wake.notified())).await;
        }
        Ok(())
    }

    /// Commits a run to its end.
    async fn work(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        let key = self.vault.import_key(tenant, import).await?;
        loop {
            let Some(run) = imports::read(&self.db, tenant, import).await?.filter(|run| run.state == "committing") else { break };
            if run.next_chunk >= run.chunks {
                self.finish(tenant, import).await?;
                break;
            }
            self.chunk(tenant, &run, &key).await?;
        }
        Ok(imports::dequeue(&self.db, import).await?)
    }

    async fn chunk(&self, tenant: TenantId, run: &ImportRow, key: &Key) -> Result<()> {
        let mut tries = 0;
        loop {
            match self.try_chunk(tenant, run, key).await {
                // Somebody made or changed one of the same people meanwhile: what is there is read again.
                Err(Error::Db(DbError::Conflict(_)) | Error::WrongState) if tries < TRIES => tries += 1,
                other => return other,
            }
        }
    }

    async fn try_chunk(&self, tenant: TenantId, run: &ImportRow, key: &Key) -> Result<()> {
        let (import, number) = (run.id, run.next_chunk);
        let Some(sealed) = imports::read_chunk(&self.db, tenant, import, number).await? else { return Ok(()) };
        let rows = open_rows(key, tenant, import, number, &sealed)?;
        let count = i64::try_from(rows.len()).unwrap_or_default();
        let mapping: Mapping = open_header(key, tenant, import, run.mapping.as_deref().ok_or(Error::WrongState)?)?;
        let indexes = self.vault.indexes(tenant).await?;
        let chunk = Chunk::read(rows, &mapping, run.country.as_deref(), &indexes);
        let work = Work { tenant, run, opener: &self.opener, vault: &self.vault, now: self.db.clock().now() };
        let outcome = work.outcome(&self.db, chunk, key, number).await?;
        self.keep(tenant, run, number, count, &outcome).await
    }

    async fn keep(&self, tenant: TenantId, run: &ImportRow, number: i64, rows: i64, outcome: &Outcome) -> Result<()> {
        self.db
            .tx(tenant, "imports.commit", async |tx: &mut TenantTx| {
                let mut run = imports::lock(tx, run.id).await?.ok_or(Error::NotFound)?;
                if run.next_chunk != number {
                    // Another process was quicker.
                    return Ok(());
                }
                people::insert(tx, &outcome.created).await?;
                for row in &outcome.created {
                    telling::changed(tx, row, Change::Created, CategorySet::ALL);
                }
                for row in &outcome.merged {
                    if !people::replace(tx, row, row.version - 1).await? {
                        return Err(Error::WrongState);
                    }
                    telling::changed(tx, row, Change::Merged, CategorySet::ALL);
                }
                // Somebody who was erased since the chunk was read is read again, and kept out.
                if suppressions::any(tx, &outcome.tokens).await? {
                    return Err(Error::WrongState);
                }
                imports::settle(tx, run.id, number, outcome.rejects.as_deref()).await?;
                run.next_chunk += 1;
                run.rows_done += rows;
                run.version += 1;
                run.counts = added(&run.counts, &outcome.counts)?;
                imports::replace(tx, &run).await?;
                Ok(())
            })
            .await
    }

    async fn finish(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        self.db
            .tx(tenant, "imports.finish", async |tx: &mut TenantTx| {
                let mut run = imports::lock(tx, import).await?.ok_or(Error::NotFound)?;
                run.state = "done".to_owned();
                run.version += 1;
                run.finished_at = Some(tx.clock().now().to_diesel());
                imports::replace(tx, &run).await.map_err(Error::from)
            })
            .await
    }
}

impl Work<'_> {
    /// Who is new, who is there, who must not come; sealed and ready to be kept.
    async fn outcome(&self, db: &Db, chunk: Chunk, key: &Key, number: i64) -> Result<Outcome> {
        let Chunk { candidates, rejects, mut counts } = chunk;
        let tokens: Vec<Vec<u8>> = candidates.iter().flat_map(|candidate| candidate.tokens.suppressions().cloned()).collect();
        let suppressed = suppressions::among(db, self.tenant, tokens.clone()).await?;
        let (new, known) = self.known(db, candidates, &suppressed, &mut counts).await?;
        counts.created += u64::try_from(new.len()).unwrap_or_default();
        counts.merged +=
            new.iter().map(|candidate| candidate.rows - 1).sum::<u64>() + known.iter().map(|(_, candidate)| candidate.rows).sum::<u64>();
        let created = self.made(new).await?;
        let merged = self.merged(known).await?;
        let rejects = if rejects.is_empty() { None } else { Some(seal_rows(key, self.tenant, self.run.id, number, REJECTED, &rejects)?) };
        let tokens = tokens.into_iter().filter(|token| !suppressed.contains(token)).collect();
        Ok(Outcome { created, merged, tokens, counts, rejects })
    }

    /// Sorts candidates into those who are new and those who are there already.
    async fn known(
        &self,
        db: &Db,
        candidates: Vec<Candidate>,
        suppressed: &std::collections::HashSet<Vec<u8>>,
        counts: &mut Counts,
    ) -> Result<(Vec<Candidate>, Vec<Pair>)> {
        let emails: Vec<Vec<u8>> = candidates.iter().filter_map(|candidate| candidate.tokens.email.clone()).collect();
        let unnamed = candidates.iter().filter(|candidate| candidate.tokens.email.is_none());
        let telephones: Vec<Vec<u8>> = unnamed.filter_map(|candidate| candidate.tokens.telephone.clone()).collect();
        let there = people::read_by_tokens(db, self.tenant, emails, telephones).await?;
        let by_email: HashMap<&[u8], &ContactRow> = there.iter().filter_map(|row| Some((row.email_index.as_deref()?, row))).collect();
        let by_telephone: HashMap<&[u8], &ContactRow> =
            there.iter().filter_map(|row| Some((row.telephone_index.as_deref()?, row))).collect();
        let (mut new, mut known) = (Vec::new(), Vec::new());
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
                Some(row) => known.push(((*row).clone(), candidate)),
                None => new.push(candidate),
            }
        }
        Ok((new, known))
    }

    /// Rows of new people, with keys of their own, made in one request.
    async fn made(&self, new: Vec<Candidate>) -> Result<Vec<ContactRow>> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let subjects: Vec<SubjectId> = new.iter().map(|_| SubjectId::random()).collect();
        let keys = self.vault.create(self.tenant, &subjects, Verb::Import).await?;
        let rows =
            new.into_iter().zip(subjects).zip(keys).filter_map(|((candidate, subject), keys)| Some(self.row(candidate, subject, &keys?)));
        Ok(rows.collect())
    }

    fn row(&self, candidate: Candidate, subject: SubjectId, keys: &Vec<Key>) -> ContactRow {
        let Candidate { tokens, values, blobs, .. } = candidate;
        let [personal, business, imported] = seal_blobs(self.tenant, subject, keys, &blobs);
        let (now, house) = (self.now.to_diesel(), self.tenant == TenantId::HOUSE);
        ContactRow {
            tenant_id: self.tenant.uuid(),
            id: subject.uuid(),
            role: if house { "controller" } else { "processor" }.to_owned(),
            source: self.run.source.clone(),
            attestation_id: self.run.attestation_id,
            import_id: Some(self.run.id),
            // Data of a provider without an assurance is there, and of no use.
            quarantined: self.run.source == "provider" && self.run.attestation_id.is_none(),
            suppressed: false,
            version: 1,
            created_at: now,
            updated_at: now,
            email_index: tokens.email,
            telephone_index: tokens.telephone,
            suppression_token: tokens.suppression_email,
            suppression_telephone: tokens.suppression_telephone,
            language: values.language,
            time_zone: values.time_zone,
            employee_band: values.employee_band.map(|band| band.name().to_owned()),
            personal,
            business,
            imported,
        }
    }
}

/// The run's counts and the chunk's together.
fn added(so_far: &serde_json::Value, more: &Counts) -> Result<serde_json::Value> {
    let mut counts: Counts = serde_json::from_value(so_far.clone())?;
    counts.created += more.created;
    counts.merged += more.merged;
    counts.suppressed += more.suppressed;
    for (mine, theirs) in [(&mut counts.rejected, &more.rejected), (&mut counts.warnings, &more.warnings)] {
        for (name, rows) in theirs {
            *mine.entry(name.clone()).or_default() += rows;
        }
    }
    Ok(serde_json::to_value(counts)?)
}
