//! Finishing what a process that died had begun.

use super::Store;
use crate::error::Error;
use crate::events::say;
use crate::store::{ledger, roster};
use kernel::TenantId;

impl Store {
    /// Shreds whoever stands recorded in a ledger and is not shredded yet. Answers how many there were.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let members = self.db.tx(TenantId::HOUSE, "keyring.roster", async |tx| Ok::<_, Error>(roster::members(tx).await?)).await?;
        let mut finished = 0;
        for tenant in members {
            let entries = self.db.tx(tenant, "keyring.unfinished", async |tx| Ok::<_, Error>(ledger::unfinished(tx).await?)).await?;
            for entry in entries {
                self.finish(tenant, entry.holder, &|tx, erasure| say::shred_outcome(tx, self, &entry, erasure)).await?;
                finished += 1;
            }
        }
        Ok(finished)
    }
}
