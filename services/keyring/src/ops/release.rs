//! Keys of holders that exist.

use super::Store;
use crate::domain::holder::{Kind, Known};
use crate::error::Error;
use crate::store::chains::{Chains, Row, known};
use kernel::TenantId;
use seal::SubjectKey;
use uuid::Uuid;

impl Store {
    /// The keys of these holders, in order: one query, then each bucket's key is unwrapped once.
    pub async fn release(&self, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<Vec<Known<SubjectKey>>, Error> {
        let rows: Vec<Row> = self.db.read(tenant, "keyring.release", Chains::of(tenant, kind, ids)).await?;
        self.vault.open_all(tenant, known(rows)).await
    }
}
