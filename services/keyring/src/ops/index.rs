//! A tenant's blind index keys.

use super::Store;
use crate::error::Error;
use crate::store::{index_keys, tenant_epochs};
use db::TenantTx;
use kernel::TenantId;
use seal::Key;
use std::collections::HashMap;

impl Store {
    /// The keys of these fields, in order, after making those that are missing.
    pub async fn index_keys(&self, tenant: TenantId, fields: &[String]) -> Result<Vec<Key>, Error> {
        let mut tries = 0;
        let stored = loop {
            match self.db.tx(tenant, "keyring.index_keys", async |tx| self.stored_index_keys(tx, fields).await).await {
                Ok(stored) => break stored,
                Err(why) => self.again(tenant, why, &mut tries).await?,
            }
        };
        let mut keys = HashMap::with_capacity(stored.len());
        for key in stored {
            let above = self.vault.epoch_key(tenant, key.epoch, &key.epoch_wrapped).await?;
            keys.insert(key.field.clone(), seal::wrap::unwrap_index_key(&above, tenant, &key.field, &key.wrapped)?);
        }
        fields.iter().map(|field| keys.get(field).cloned().ok_or(Error::Overtaken)).collect()
    }

    async fn stored_index_keys(&self, tx: &mut TenantTx, fields: &[String]) -> Result<Vec<index_keys::IndexKey>, Error> {
        let stored = index_keys::all(tx).await?;
        let mut missing: Vec<&String> = fields.iter().filter(|field| stored.iter().all(|stored| stored.field != **field)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(stored);
        }
        let tenant = tx.tenant();
        let newest = tenant_epochs::newest(tx).await?.ok_or(Error::NewTenant)?;
        let above = self.vault.epoch_key(tenant, newest.epoch, &newest.wrapped).await?;
        let new: Vec<(String, Vec<u8>)> =
            missing.into_iter().map(|field| (field.clone(), seal::wrap::wrap_index_key(&above, tenant, field, &Key::random()))).collect();
        index_keys::insert(tx, newest.epoch, &new).await?;
        Ok(index_keys::all(tx).await?)
    }
}
