//! A tenant's first key, and its key of a new epoch.

use super::Store;
use crate::domain::epoch::Epoch;
use crate::error::Error;
use crate::store::tenant_epochs::TenantEpoch;
use crate::store::{epochs, roster, tenant_epochs};
use kernel::TenantId;
use seal::EpochKey;

impl Store {
    /// Gives a tenant a key of the newest epoch. It is entered in the roster first, so that no turning misses it.
    pub(super) async fn admit(&self, tenant: TenantId) -> Result<(), Error> {
        let newest = self
            .db
            .tx(TenantId::HOUSE, "keyring.enter_roster", async |tx| {
                roster::enter(tx, tenant).await?;
                Ok::<_, Error>(epochs::living(tx).await?.into_iter().next())
            })
            .await?;
        self.give_key(tenant, newest.ok_or(Error::NoEpoch)?).await
    }

    /// Gives a tenant its key of an epoch, unless it has one.
    pub(super) async fn give_key(&self, tenant: TenantId, epoch: Epoch) -> Result<(), Error> {
        let newest = self.db.tx(tenant, "keyring.newest_epoch", async |tx| Ok::<_, Error>(tenant_epochs::newest(tx).await?)).await?;
        if newest.is_some_and(|newest| newest.epoch >= epoch.number) {
            return Ok(());
        }
        let wrapped = self.vault.wrap_epoch_key(tenant, epoch.number, &EpochKey::random()).await?;
        let key = TenantEpoch { epoch: epoch.number, wrapped, ends_at_us: epoch.ends_at_us };
        self.db.tx(tenant, "keyring.give_key", async |tx| Ok::<_, Error>(tenant_epochs::add(tx, &key).await?)).await
    }
}
