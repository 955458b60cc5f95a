//! Whose turn it is: each tenant's oldest import gets some chunks, then another tenant's does. A process works on what no other has claimed.

use super::commit::Begun;
use crate::error::{Error, Result};
use crate::store::imports;
use crate::store::queue::{self, Due};
use crate::vault::Vault;
use db::{Db, TenantTx};
use jiff::SignedDuration;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use opener::{HolderKind, Opener};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Imports of other processes, or from before a crash, are found by looking.
const LOOK: Duration = Duration::from_secs(1);
/// A run that is about to be let go is looked at so much later, whatever becomes of whoever lets it go: longer than a transaction may take.
const LOOK_ANYWAY: SignedDuration = SignedDuration::from_secs(30);

/// Works on imports that are to be committed.
pub struct Importer {
    pub db: Db,
    pub opener: Opener,
    pub vault: Vault,
    wake: Notify,
}

/// What a look at a run came to.
enum Looked {
    /// There is more to do.
    Begun(Box<Begun>),
    /// Another process works on it.
    Elsewhere,
    /// Nothing is to be done now.
    Over,
}

impl Importer {
    pub fn new(db: Db, opener: Opener, vault: Vault) -> Self {
        Self { db, opener, vault, wake: Notify::new() }
    }

    /// Before a run is let go: it is looked at soon even when nobody lives to say that it was. One that was not goes back to its time.
    pub async fn expect(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        Ok(queue::enqueue(&self.db, tenant, import, self.db.clock().now() + LOOK_ANYWAY).await?)
    }

    /// Lets the run be worked on.
    pub async fn enqueue(&self, tenant: TenantId, import: Uuid) -> Result<()> {
        queue::enqueue(&self.db, tenant, import, self.db.clock().now()).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Works until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut begun = HashMap::new();
        while !stop.is_cancelled() {
            match queue::due(&self.db).await {
                Ok(due) => begun = stop.run_until_cancelled(Box::pin(self.round(due, begun))).await.unwrap_or_default(),
                Err(cause) => {
                    begun = HashMap::new();
                    tracing::warn!(%cause, "imports cannot be looked for");
                }
            }
            if begun.is_empty() {
                // A missed time-out is only another look.
                let _woken = stop.run_until_cancelled(tokio::time::timeout(LOOK, self.wake.notified())).await;
            }
        }
        if let Err(cause) = queue::release(&self.db, None).await {
            tracing::debug!(%cause, "imports stay claimed for some seconds");
        }
        Ok(())
    }

    /// A turn for each tenant. A later import of a tenant waits for the earlier one: both may name the same people, and the second finds those of the first.
    async fn round(&self, mut due: Vec<Due>, mut before: HashMap<Uuid, Box<Begun>>) -> HashMap<Uuid, Box<Begun>> {
        // Who had a turn just now comes after who had none.
        let served: HashSet<TenantId> = due.iter().filter(|run| before.contains_key(&run.import)).map(|run| run.tenant).collect();
        due.sort_by_key(|run| served.contains(&run.tenant));
        let (mut after, mut had) = (HashMap::new(), HashSet::new());
        for run in due {
            if had.contains(&run.tenant) {
                continue;
            }
            match self.look(&run, before.remove(&run.import)).await {
                Ok(Looked::Begun(begun)) => {
                    had.insert(run.tenant);
                    after.insert(run.import, begun);
                }
                Ok(Looked::Elsewhere) => drop(had.insert(run.tenant)),
                Ok(Looked::Over) => {}
                Err(cause) => {
                    had.insert(run.tenant);
                    tracing::warn!(import = %run.import, cause = %cause, "an import waits: {cause}");
                    // Another process may fare better.
                    if let Err(cause) = queue::release(&self.db, Some(run.import)).await {
                        tracing::debug!(%cause, "an import stays claimed for some seconds");
                    }
                }
            }
        }
        after
    }

    /// Commits some of a run that is let go, forgets the file of one that has come to its end, and leaves any other until then.
    async fn look(&self, due: &Due, begun: Option<Box<Begun>>) -> Result<Looked> {
        if !due.free || !queue::claim(&self.db, due.import).await? {
            return Ok(Looked::Elsewhere);
        }
        let (tenant, import) = (due.tenant, due.import);
        let Some(mut run) = imports::read(&self.db, tenant, import).await? else {
            queue::dequeue(&self.db, import).await?;
            return Ok(Looked::Over);
        };
        if run.state == "committing" {
            let more;
            (run, more) = self.commit(tenant, run, begun.map(|begun| *begun)).await?;
            if let Some(begun) = more {
                return Ok(Looked::Begun(Box::new(begun)));
            }
        }
        if run.ends_at() > self.db.clock().now() {
            queue::postpone(&self.db, due, run.ends_at()).await?;
        } else {
            self.forget(tenant, import).await?;
        }
        Ok(Looked::Over)
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
        Ok(queue::dequeue(&self.db, import).await?)
    }
}
