//! Keys of holders that exist.

use super::Store;
use crate::domain::holder::{Kind, Known};
use crate::error::Error;
use crate::store::holders;
use kernel::TenantId;
use seal::SubjectKey;
use uuid::Uuid;

impl Store {
    /// The keys of these holders, in order: one query, then each bucket's key is unwrapped once.
    pub async fn release(&self, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<Vec<Known<SubjectKey>>, Error> {
        let chains = self.db.tx(tenant, "keyring.release", async |tx| Ok::<_, Error>(holders::chains(tx, kind, ids).await?)).await?;
        self.vault.open_all(tenant, chains).await
    }
}
