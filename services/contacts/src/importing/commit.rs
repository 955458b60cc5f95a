//! Committing: one chunk a transaction, which takes the chunk away, counts it, and puts its people in. Whatever dies in between, a chunk has its effect once.

use super::prepare::{Outcome, Work};
use super::staged::Counts;
use super::turns::Importer;
use crate::error::{Error, Lost, Result};
use crate::store::imports::{self, ImportRow};
use crate::store::{people, suppressions};
use crate::telling;
use db::{DbError, TenantTx};
use events::contacts::Change;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use privacy::CategorySet;
use seal::Key;
use uuid::Uuid;

/// How many chunks of a run are committed before it is another's turn.
const TURN: u32 = 4;
/// A chunk that met somebody else's change is read again.
const TRIES: u32 = 5;

/// What a run takes with it to its next turn.
pub(super) struct Begun {
    key: Key,
    ready: Option<Outcome>,
}

impl Importer {
    /// Commits as much of a run as a turn allows, and says whether there is more. What can never be read makes it fail, with what is in already.
    pub(super) async fn commit(&self, tenant: TenantId, run: ImportRow, begun: Option<Begun>) -> Result<(ImportRow, Option<Begun>)> {
        let import = run.id;
        match self.chunks(tenant, run, begun).await {
            Err(Error::Lost(lost)) => Ok((self.fail(tenant, import, lost).await?, None)),
            other => other,
        }
    }

    /// Commits some chunks. While a chunk is being kept, the next one is prepared, also for the next turn.
    async fn chunks(&self, tenant: TenantId, mut run: ImportRow, begun: Option<Begun>) -> Result<(ImportRow, Option<Begun>)> {
        let Begun { key, mut ready } = match begun {
            Some(begun) => begun,
            None => Begun { key: self.vault.import_key(tenant, run.id).await?, ready: None },
        };
        for _ in 0..TURN {
            if run.state != "committing" {
                return Ok((run, None));
            }
            if run.next_chunk >= run.chunks {
                return Ok((self.finish(tenant, run.id).await?, None));
            }
            let (db, now) = (&self.db, self.db.clock().now());
            let work = Work { tenant, run: &run, key: &key, db, opener: &self.opener, vault: &self.vault, now };
            (run, ready) = self.chunk(&work, ready).await?;
        }
        Ok((run, Some(Begun { key, ready })))
    }

    /// Commits the run's next chunk, which may have been prepared already, and prepares the one after it.
    async fn chunk(&self, work: &Work<'_>, ready: Option<Outcome>) -> Result<(ImportRow, Option<Outcome>)> {
        let number = work.run.next_chunk;
        let mut ready = ready.filter(|ready| ready.number == number);
        for _ in 0..TRIES {
            let outcome = match ready.take() {
                Some(ready) => ready,
                None => match work.parsed(number).await? {
                    Some(parsed) => work.outcome(parsed).await?,
                    None => return Ok((self.overtaken(work).await?, None)),
                },
            };
            // Both to their ends: a chunk that cannot be prepared must not stop the one that is being kept.
            let (kept, next) = tokio::join!(self.keep(work, &outcome), ahead(work, &outcome));
            match kept {
                // Somebody made or changed one of the same people meanwhile: what is there is read again.
                Err(Error::Db(DbError::Conflict(_)) | Error::WrongState) => {}
                Err(other) => return Err(other),
                Ok(run) => return Ok((run, next?)),
            }
        }
        Err(Error::WrongState)
    }

    /// The run, where its next chunk was gone: another process was quicker, or nobody will ever find it.
    async fn overtaken(&self, work: &Work<'_>) -> Result<ImportRow> {
        let run = imports::read(&self.db, work.tenant, work.run.id).await?.ok_or(Error::NotFound)?;
        let nobody_took_it = run.state == "committing" && run.next_chunk == work.run.next_chunk;
        if nobody_took_it { Err(Error::Lost(Lost::MissingRows)) } else { Ok(run) }
    }

    async fn keep(&self, work: &Work<'_>, outcome: &Outcome) -> Result<ImportRow> {
        self.db
            .tx(work.tenant, "imports.commit", async |tx: &mut TenantTx| {
                let mut run = imports::lock(tx, work.run.id).await?.ok_or(Error::NotFound)?;
                if run.next_chunk != outcome.number {
                    // Another process was quicker.
                    return Ok(run);
                }
                people::insert(tx, &outcome.created).await?;
                for row in &outcome.created {
                    telling::changed(tx, row, Change::Created, CategorySet::ALL);
                }
                if !people::replace_all(tx, &outcome.merged).await? {
                    return Err(Error::WrongState);
                }
                for row in &outcome.merged {
                    telling::changed(tx, row, Change::Merged, CategorySet::ALL);
                }
                // Somebody who was erased since the chunk was read is read again, and kept out.
                if suppressions::any(tx, &outcome.tokens).await? {
                    return Err(Error::WrongState);
                }
                imports::settle(tx, run.id, outcome.number, outcome.rejects.as_deref()).await?;
                run.next_chunk += 1;
                run.rows_done += outcome.rows;
                run.version += 1;
                run.counts = added(&run.counts, &outcome.counts)?;
                imports::replace(tx, &run).await?;
                Ok(run)
            })
            .await
    }

    async fn finish(&self, tenant: TenantId, import: Uuid) -> Result<ImportRow> {
        self.end(tenant, import, None).await
    }

    /// What is staged is forgotten with its failure; what was rejected stays as long as that of any other run, where its columns can be read.
    async fn fail(&self, tenant: TenantId, import: Uuid, lost: Lost) -> Result<ImportRow> {
        tracing::error!(%import, reason = lost.name(), "an import has failed for good: {lost}");
        self.end(tenant, import, Some(lost)).await
    }

    async fn end(&self, tenant: TenantId, import: Uuid, lost: Option<Lost>) -> Result<ImportRow> {
        self.db
            .tx(tenant, "imports.end", async |tx: &mut TenantTx| {
                let mut run = imports::lock(tx, import).await?.ok_or(Error::NotFound)?;
                if run.state != "committing" {
                    return Ok(run);
                }
                run.state = if lost.is_some() { "failed" } else { "done" }.to_owned();
                run.failure = lost.map(|lost| lost.name().to_owned());
                run.version += 1;
                run.finished_at = Some(tx.clock().now().to_diesel());
                if lost.is_some() {
                    imports::forget_chunks(tx, import).await?;
                }
                if matches!(lost, Some(Lost::Key | Lost::Columns)) {
                    (run.header, run.mapping) = (None, None);
                }
                imports::replace(tx, &run).await?;
                Ok(run)
            })
            .await
    }
}

/// Prepares the chunk after this one, unless it may be about some of the same people: then it is read when those are there.
async fn ahead(work: &Work<'_>, before: &Outcome) -> Result<Option<Outcome>> {
    let Some(parsed) = work.parsed(before.number + 1).await? else { return Ok(None) };
    if parsed.meets(before) { Ok(None) } else { work.outcome(parsed).await.map(Some) }
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
