//! Turning the epoch: a new root, every tenant's keys under it, and only then the old root destroyed.
//!
//! Each step is a transaction of its own that first takes the one lock of the turning, so one process turns at a time and another goes on where it
//! died. Nothing here is trusted to be complete: an epoch can be given up only when the foreign keys say that nothing hangs on it.

use super::Store;
use super::vault::root;
use crate::domain::epoch::Epoch;
use crate::error::Error;
use crate::events::say;
use crate::store::{buckets, epochs, index_keys, roster, tenant_epochs};
use db::TenantTx;
use kernel::TenantId;
use seal::EpochKey;
use std::sync::atomic::Ordering;

/// How many buckets are wrapped anew in one transaction.
const BATCH: i64 = 1_000;

/// How a turning ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The newest epoch stands alone; it ends then.
    Settled(Epoch),
    /// Another process is at it, or made something of the old epoch meanwhile: come again.
    Again,
}

impl Store {
    /// Brings everything to the epoch of the clock. Does next to nothing when it is there already.
    pub async fn turn(&self) -> Result<Turned, Error> {
        self.vault.forget_old();
        let Some(living) = self.begin_epoch().await? else { return Ok(Turned::Again) };
        let newest = *living.first().ok_or(Error::NoEpoch)?;
        self.metrics.epoch(newest, living.len());
        self.begun.store(true, Ordering::Relaxed);
        if living.len() > 1 && !self.move_everybody(newest).await? {
            return Ok(Turned::Again);
        }
        match self.give_up(newest).await {
            Ok(true) => {}
            Ok(false) => return Ok(Turned::Again),
            Err(why) if why.is_overtaken() => return Ok(Turned::Again),
            Err(why) => return Err(why),
        }
        self.vault.forget_epochs_before(newest.number);
        self.metrics.epoch(newest, 1);
        Ok(Turned::Settled(newest))
    }

    /// The living epochs, newest first, after beginning the one that is due. `None`: another process holds the lock.
    ///
    /// The root is made before the row: a row without a root could wrap nothing, a root without a row is merely swept away later.
    async fn begin_epoch(&self) -> Result<Option<Vec<Epoch>>, Error> {
        self.db
            .tx(TenantId::HOUSE, "keyring.begin_epoch", async |tx| {
                if !epochs::try_turn(tx).await? {
                    return Ok(None);
                }
                let mut living = epochs::living(tx).await?;
                if let Some(due) = Epoch::due(living.first().copied(), self.now_us(), self.terms.epoch_seconds) {
                    self.vault.roots().create_root(root(due.number)).await?;
                    epochs::begin(tx, due, self.now_us()).await?;
                    living.insert(0, due);
                }
                Ok::<_, Error>(Some(living))
            })
            .await
    }

    async fn move_everybody(&self, newest: Epoch) -> Result<bool, Error> {
        let members = self.db.tx(TenantId::HOUSE, "keyring.roster", async |tx| Ok::<_, Error>(roster::members(tx).await?)).await?;
        let mut all = true;
        for tenant in members {
            match self.move_tenant(tenant, newest).await {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(why) if why.is_overtaken() => all = false,
                Err(why) => {
                    tracing::error!(tenant = %tenant, error = %why, "tenant {tenant} could not be moved to the new epoch; its old root stays");
                    self.metrics.turn_failed();
                    all = false;
                }
            }
        }
        Ok(all)
    }

    /// Wraps everything of a tenant under its key of the newest epoch, in batches, then removes its older keys. `false`: another process holds the lock.
    async fn move_tenant(&self, tenant: TenantId, newest: Epoch) -> Result<bool, Error> {
        self.give_key(tenant, newest).await?;
        loop {
            let moved = self
                .db
                .tx(tenant, "keyring.move_buckets", async |tx| {
                    if !epochs::try_turn(tx).await? {
                        return Ok(None);
                    }
                    Ok::<_, Error>(Some(self.move_buckets(tx, newest, BATCH).await?))
                })
                .await?;
            match moved {
                None => return Ok(false),
                Some(0) => break,
                Some(_) => {}
            }
        }
        self.leave_older(tenant, newest).await
    }

    /// The last step for a tenant: with everybody else kept away, moves what was made meanwhile.
    async fn leave_older(&self, tenant: TenantId, newest: Epoch) -> Result<bool, Error> {
        self.db
            .tx(tenant, "keyring.leave_epoch", async |tx| {
                if !epochs::try_turn(tx).await? {
                    return Ok(false);
                }
                tenant_epochs::lock_before(tx, newest.number).await?;
                while self.move_buckets(tx, newest, BATCH).await? > 0 {}
                self.move_index_keys(tx, newest).await?;
                tenant_epochs::remove_before(tx, newest.number).await?;
                Ok::<_, Error>(true)
            })
            .await
    }

    async fn move_buckets(&self, tx: &mut TenantTx, newest: Epoch, limit: i64) -> Result<usize, Error> {
        let old = buckets::before(tx, newest.number, limit).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let (tenant, (epoch, above)) = (tx.tenant(), self.newest_key(tx).await?);
        let mut moved = Vec::with_capacity(old.len());
        for bucket in old {
            let (bucket, epoch_wrapped) = bucket.keys();
            let below = self.vault.epoch_key(tenant, bucket.epoch, &epoch_wrapped).await?;
            let key = seal::wrap::unwrap_bucket_key(&below, tenant, bucket.id, &bucket.wrapped)?;
            moved.push((bucket.id, seal::wrap::wrap_bucket_key(&above, tenant, bucket.id, &key)));
        }
        buckets::rewrap(tx, epoch, &moved).await?;
        Ok(moved.len())
    }

    async fn move_index_keys(&self, tx: &mut TenantTx, newest: Epoch) -> Result<(), Error> {
        let old = index_keys::before(tx, newest.number).await?;
        let (tenant, (epoch, above)) = (tx.tenant(), self.newest_key(tx).await?);
        let mut moved = Vec::with_capacity(old.len());
        for key in old {
            let below = self.vault.epoch_key(tenant, key.epoch, &key.epoch_wrapped).await?;
            let opened = seal::wrap::unwrap_index_key(&below, tenant, &key.field, &key.wrapped)?;
            moved.push((key.field.clone(), seal::wrap::wrap_index_key(&above, tenant, &key.field, &opened)));
        }
        Ok(index_keys::rewrap(tx, epoch, &moved).await?)
    }

    /// The tenant's newest key and its epoch: the newest, as `give_key` has made sure, or one that has begun since.
    async fn newest_key(&self, tx: &mut TenantTx) -> Result<(i64, EpochKey), Error> {
        let newest = tenant_epochs::newest(tx).await?.ok_or(Error::NewTenant)?;
        Ok((newest.epoch, self.vault.epoch_key(tx.tenant(), newest.epoch, &newest.wrapped).await?))
    }

    /// Gives up the older epochs, then destroys their roots. `false`: another process holds the lock.
    async fn give_up(&self, newest: Epoch) -> Result<bool, Error> {
        let roots = self
            .db
            .tx(TenantId::HOUSE, "keyring.give_up_epochs", async |tx| {
                if !epochs::try_turn(tx).await? {
                    return Ok(None);
                }
                for old in epochs::living(tx).await?.into_iter().filter(|epoch| epoch.number < newest.number) {
                    epochs::retire(tx, old.number, self.now_us()).await?;
                }
                Ok::<_, Error>(Some(epochs::to_destroy(tx).await?))
            })
            .await?;
        let Some(roots) = roots else { return Ok(false) };
        for number in roots {
            self.destroy_root(number).await?;
        }
        self.sweep_roots(newest).await?;
        Ok(true)
    }

    async fn destroy_root(&self, number: i64) -> Result<(), Error> {
        self.vault.roots().destroy_root(root(number)).await?;
        self.db
            .tx(TenantId::HOUSE, "keyring.root_destroyed", async |tx| {
                epochs::destroyed(tx, number, self.now_us()).await?;
                say::root_destroyed(tx, &self.clock, number);
                Ok::<_, Error>(())
            })
            .await
    }

    /// Destroys roots that never came to wrap anything: their maker died between root and row, and a newer epoch has begun since.
    async fn sweep_roots(&self, newest: Epoch) -> Result<(), Error> {
        for number in self.vault.roots().roots().await?.into_iter().filter(|number| *number < root(newest.number)) {
            self.vault.roots().destroy_root(number).await?;
        }
        Ok(())
    }
}
