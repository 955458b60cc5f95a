//! Committing: one chunk a transaction, which takes the chunk away, counts it, and puts its people in. Whatever dies in between, a chunk has its effect once.

use super::prepare::{Outcome, Work};
use super::staged::Counts;
use crate::error::{Error, Result};
use crate::store::imports::{self, ImportRow};
use crate::store::{people, suppressions};
use crate::telling;
use crate::vault::Vault;
use db::{Db, DbError, TenantTx};
use events::contacts::Change;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use opener::{HolderKind, Opener};
use privacy::CategorySet;
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

impl Importer {
    pub fn new(db: Db, opener: Opener, vault: Vault) -> Self {
        Self { db, opener, vault, wake: Notify::new() }
    }

    /// Lets the run be worked on.
    pub async fn enqueue(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        imports::enqueue(&self.db, tenant, import, self.db.clock().now()).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Works until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        // Once all of them: one that was let go may not have come to the front before a crash.
        let mut all = true;
        while !stop.is_cancelled() {
            match imports::queued(&self.db, all).await {
                Ok(queued) => {
                    all = false;
                    for (tenant, import) in queued {
                        if let Some(Err(cause)) = stop.run_until_cancelled(Box::pin(self.work(tenant, import))).await {
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

    /// Commits a run that is let go, forgets the file of one that has come to its end, and leaves any other until then.
    async fn work(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        let Some(mut run) = imports::read(&self.db, tenant, import).await? else { return Ok(imports::dequeue(&self.db, import).await?) };
        if run.state == "committing" {
            run = self.commit(tenant, run).await?;
        }
        if run.ends_at() > self.db.clock().now() {
            return Ok(imports::enqueue(&self.db, tenant, import, run.ends_at()).await?);
        }
        self.forget(tenant, import).await
    }

    /// The key first: what a copy of the tables still holds is nothing without it.
    async fn forget(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        self.vault.keyring().destroy(tenant, HolderKind::Import, import).await?;
        self.db
            .tx(tenant, "imports.forget", async |tx: &mut TenantTx| {
                let Some(mut run) = imports::lock(tx, import).await? else { return Ok(()) };
                if run.finished_at.is_none() {
                    run.state = "expired".to_owned();
                    run.finished_at = Some(tx.clock().now().to_diesel());
                }
                run.version += 1;
                imports::forget(tx, &mut run).await.map_err(Error::from)
            })
            .await?;
        Ok(imports::dequeue(&self.db, import).await?)
    }

    /// Commits a run to its end. While a chunk is being kept, the next one is prepared.
    async fn commit(&self, tenant: TenantId, mut run: ImportRow) -> Result<ImportRow> {
        let key = self.vault.import_key(tenant, run.id).await?;
        let mut ready = None;
        while run.state == "committing" {
            if run.next_chunk >= run.chunks {
                self.finish(tenant, run.id).await?;
            } else {
                let (db, now) = (&self.db, self.db.clock().now());
                let work = Work { tenant, run: &run, key: &key, db, opener: &self.opener, vault: &self.vault, now };
                ready = self.chunk(&work, ready).await?;
            }
            run = imports::read(&self.db, tenant, run.id).await?.ok_or(Error::NotFound)?;
        }
        Ok(run)
    }

    /// Commits the run's next chunk, which may have been prepared already, and prepares the one after it.
    async fn chunk(&self, work: &Work<'_>, ready: Option<Outcome>) -> Result<Option<Outcome>> {
        let number = work.run.next_chunk;
        let mut ready = ready.filter(|ready| ready.number == number);
        for _ in 0..TRIES {
            let outcome = match ready.take() {
                Some(ready) => ready,
                None => match work.parsed(number).await? {
                    Some(parsed) => work.outcome(parsed).await?,
                    None => return Ok(None),
                },
            };
            // Both to their ends: a chunk that cannot be prepared must not stop the one that is being kept.
            let (kept, next) = tokio::join!(self.keep(work, &outcome), ahead(work, &outcome));
            match kept {
                // Somebody made or changed one of the same people meanwhile: what is there is read again.
                Err(Error::Db(DbError::Conflict(_)) | Error::WrongState) => {}
                Err(other) => return Err(other),
                Ok(()) => return next,
            }
        }
        Err(Error::WrongState)
    }

    async fn keep(&self, work: &Work<'_>, outcome: &Outcome) -> Result<()> {
        self.db
            .tx(work.tenant, "imports.commit", async |tx: &mut TenantTx| {
                let mut run = imports::lock(tx, work.run.id).await?.ok_or(Error::NotFound)?;
                if run.next_chunk != outcome.number {
                    // Another process was quicker.
                    return Ok(());
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
