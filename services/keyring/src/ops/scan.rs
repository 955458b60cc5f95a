//! What is left of a person after shredding.

use super::Store;
use crate::error::Error;
use crate::events::say;
use crate::store::{holders, ledger};
use kernel::TenantId;
use uuid::Uuid;

/// What the residual scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residue {
    /// Rows that still hold a key for the id, of whatever kind.
    pub rows: i64,
    /// The ledger says that the key is shredded.
    pub shredded: bool,
}

impl Residue {
    /// Nothing is left, and it is on record.
    pub fn is_clean(self) -> bool {
        self.rows == 0 && self.shredded
    }
}

impl Store {
    /// Looks for what is left of a person, by id and in the ledger, and answers the case.
    pub async fn scan(&self, tenant: TenantId, case: Uuid, subject: Uuid) -> Result<(), Error> {
        self.db
            .tx(tenant, "keyring.scan", async |tx| {
                let rows = holders::left_of(tx, subject).await?;
                let entry = ledger::find(tx, subject).await?;
                let shredded = entry.is_some_and(|entry| matches!(entry.state, ledger::State::Shredded { .. }));
                say::scan_outcome(tx, self, case, subject, Residue { rows, shredded });
                Ok::<_, Error>(())
            })
            .await
    }
}
