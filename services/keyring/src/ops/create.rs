//! Keys for new holders, up to 5,000 in a request, in a handful of statements.

use super::Store;
use crate::domain::allocation::{self, FULL};
use crate::domain::holder::{Kind, Known};
use crate::error::Error;
use crate::store::holders::{self, Chain, NewHolder, WrappedBucket};
use crate::store::{buckets, tenant_epochs};
use db::TenantTx;
use kernel::{BucketId, TenantId};
use seal::{BucketKey, SubjectKey};
use std::collections::HashMap;
use uuid::Uuid;

impl Store {
    /// The keys of these holders, in order, after making those that are missing.
    ///
    /// Asking again answers the same keys; two who ask at once get the same keys; who stands in the erasure ledger gets none, ever.
    pub async fn create(&self, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<Vec<Known<SubjectKey>>, Error> {
        let mut tries = 0;
        loop {
            match self.db.tx(tenant, "keyring.create", async |tx| self.chains_of_all(tx, kind, ids).await).await {
                Ok((chains, made)) => {
                    self.metrics.created(kind, made);
                    return self.vault.open_all(tenant, chains).await;
                }
                Err(why) => self.again(tenant, why, &mut tries).await?,
            }
        }
    }

    /// What is known of everybody, and how many keys were made for that.
    async fn chains_of_all(&self, tx: &mut TenantTx, kind: Kind, ids: &[Uuid]) -> Result<(Vec<Known<Chain>>, usize), Error> {
        let known = holders::chains(tx, kind, ids).await?;
        let mut missing: Vec<Uuid> =
            ids.iter().zip(&known).filter(|(_, known)| matches!(known, Known::Unknown)).map(|(id, _)| *id).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok((known, 0));
        }
        let count = self.make(tx, kind, &missing).await?;
        // A new statement sees what was committed meanwhile. Whoever enters the ledger afterwards waits for our rows (`holders::seize`).
        let made = holders::chains(tx, kind, &missing).await?;
        if made.iter().any(|made| matches!(made, Known::Shredded)) {
            return Err(Error::Overtaken);
        }
        let made: HashMap<Uuid, Known<Chain>> = missing.into_iter().zip(made).collect();
        Ok((ids.iter().zip(known).map(|(id, known)| made.get(id).cloned().unwrap_or(known)).collect(), count))
    }

    async fn make(&self, tx: &mut TenantTx, kind: Kind, missing: &[Uuid]) -> Result<usize, Error> {
        let (places, counts): (Vec<(Uuid, BucketKey)>, Vec<usize>) = self.places(tx, kind, missing.len()).await?.into_iter().unzip();
        let places = places.iter().zip(counts).flat_map(|(place, count)| std::iter::repeat_n(place, count));
        let new: Vec<NewHolder> = missing
            .iter()
            .zip(places)
            .map(|(holder, (bucket, key))| {
                let wrapped = seal::wrap::wrap_subject_key(key, tx.tenant(), *bucket, *holder, &SubjectKey::random());
                NewHolder { holder: *holder, bucket: *bucket, wrapped }
            })
            .collect();
        let stored = holders::insert(tx, kind, &new, self.now_us()).await?;
        buckets::count_in(tx, &stored).await?;
        Ok(stored.len())
    }

    /// Buckets for so many new holders, opened, and how many each takes.
    async fn places(&self, tx: &mut TenantTx, kind: Kind, holders: usize) -> Result<Vec<((Uuid, BucketKey), usize)>, Error> {
        let tenant = tx.tenant();
        let newest = tenant_epochs::newest(tx).await?.ok_or(Error::NewTenant)?;
        let rooms = i64::try_from(holders.div_ceil(FULL)).expect("a request is small");
        let offered = buckets::with_room(tx, kind, rooms).await?;
        let live: Vec<usize> = offered.iter().map(buckets::Bucket::live).collect();
        let allocation = allocation::place(holders, &live);
        let mut places = Vec::with_capacity(offered.len() + allocation.new.len());
        for (bucket, count) in offered.into_iter().zip(allocation.offered) {
            let (bucket, epoch_wrapped) = bucket.keys();
            places.push(((bucket.id, self.vault.bucket_key(tenant, &bucket, &epoch_wrapped).await?), count));
        }
        let above = self.vault.epoch_key(tenant, newest.epoch, &newest.wrapped).await?;
        let mut rows = Vec::with_capacity(allocation.new.len());
        for count in allocation.new {
            let (id, key) = (Uuid::from(BucketId::new(&self.clock)), BucketKey::random());
            rows.push((id, seal::wrap::wrap_bucket_key(&above, tenant, id, &key)));
            places.push(((id, key), count));
        }
        if !rows.is_empty() {
            buckets::insert(tx, kind, newest.epoch, &rows).await?;
        }
        Ok(places)
    }
}

impl WrappedBucket {
    /// The bucket with its next key, under the tenant's key of `epoch`.
    #[must_use]
    pub fn next(&self, epoch: i64, wrapped: Vec<u8>) -> Self {
        Self { id: self.id, version: self.version + 1, epoch, wrapped }
    }
}
