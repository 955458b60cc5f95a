//! What an erasure will destroy.

use super::Store;
use crate::domain::holder::Kind;
use crate::error::Error;
use crate::events::say;
use crate::store::holders;
use kernel::TenantId;
use uuid::Uuid;

impl Store {
    /// Looks whether a person has a key, and answers the case. Asked again, it looks again.
    pub async fn plan(&self, tenant: TenantId, case: Uuid, subject: Uuid) -> Result<(), Error> {
        self.db
            .tx(tenant, "keyring.plan", async |tx| {
                let held = holders::kind_of(tx, subject).await? == Some(Kind::Subject);
                say::plan_outcome(tx, self, case, subject, held);
                Ok::<_, Error>(())
            })
            .await
    }
}
