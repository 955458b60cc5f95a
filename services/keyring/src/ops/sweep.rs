//! Finishing what a process that died had begun.

use super::Store;
use crate::error::Error;
use crate::events::say;
use crate::store::{ledger, roster};
use kernel::TenantId;

impl Store {
    /// Shreds whoever stands recorded in a ledger and is not shredded yet. Answers how many there were. One who cannot be shredded keeps nobody else waiting.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let members = self.db.tx(TenantId::HOUSE, "keyring.roster", async |tx| Ok::<_, Error>(roster::members(tx).await?)).await?;
        let (mut finished, mut failed) = (0, None);
        for tenant in members {
            let entries = self.db.tx(tenant, "keyring.unfinished", async |tx| Ok::<_, Error>(ledger::unfinished(tx).await?)).await?;
            for entry in entries {
                match self.finish(tenant, entry.holder, &|tx, erasure| say::shred_outcome(tx, self, &entry, erasure)).await {
                    Ok(_) => finished += 1,
                    Err(why) => failed = Some(why),
                }
            }
        }
        failed.map_or(Ok(finished), Err)
    }
}
