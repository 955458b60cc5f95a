//! Keys for new holders, up to 5,000 in a request, in a handful of statements.

use super::Store;
use crate::domain::allocation::{self, FULL};
use crate::domain::holder::{Kind, Known};
use crate::error::Error;
use crate::store::holders::{self, Chain, WrappedBucket};
use crate::store::{buckets, ledger, tenant_epochs};
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
        let made = self.make(tx, kind, &missing).await?;
        let count = made.len();
        let mut found: HashMap<Uuid, Known<Chain>> = made.into_iter().map(|chain| (chain.holder, Known::Live(chain))).collect();
        // A new statement sees what was committed meanwhile: keys that others made first, and the ledger. Whoever enters the ledger afterwards waits for our rows
        // (`holders::seize`).
        let others: Vec<Uuid> = missing.iter().filter(|id| !found.contains_key(id)).copied().collect();
        if !others.is_empty() {
            found.extend(others.iter().copied().zip(holders::chains(tx, kind, &others).await?));
        }
        if ledger::any(tx, &missing).await? {
            return Err(Error::Overtaken);
        }
        Ok((ids.iter().zip(known).map(|(id, known)| found.get(id).cloned().unwrap_or(known)).collect(), count))
    }

    /// Makes and stores keys; answers those that were not there already.
    async fn make(&self, tx: &mut TenantTx, kind: Kind, missing: &[Uuid]) -> Result<Vec<Chain>, Error> {
        let places = self.places(tx, kind, missing.len()).await?;
        let places = places.iter().flat_map(|place| std::iter::repeat_n(place, place.count));
        let new: Vec<Chain> = missing
            .iter()
            .zip(places)
            .map(|(holder, place)| {
                let wrapped = seal::wrap::wrap_subject_key(&place.key, tx.tenant(), place.bucket.id, *holder, &SubjectKey::random());
                Chain { holder: *holder, wrapped, bucket: place.bucket.clone(), epoch_wrapped: place.epoch_wrapped.clone() }
            })
            .collect();
        let stored = holders::insert(tx, kind, &new, self.now_us()).await?;
        let new: Vec<Chain> = new.into_iter().filter(|chain| stored.contains(&chain.holder)).collect();
        buckets::count_in(tx, &new.iter().map(|chain| chain.bucket.id).collect::<Vec<_>>()).await?;
        Ok(new)
    }

    /// Buckets for so many new holders, opened, and how many each takes.
    async fn places(&self, tx: &mut TenantTx, kind: Kind, holders: usize) -> Result<Vec<Place>, Error> {
        let tenant = tx.tenant();
        let newest = tenant_epochs::newest(tx).await?.ok_or(Error::NewTenant)?;
        let rooms = i64::try_from(holders.div_ceil(FULL)).expect("a request is small");
        let offered = buckets::with_room(tx, kind, rooms).await?;
        let live: Vec<usize> = offered.iter().map(buckets::Bucket::live).collect();
        let allocation = allocation::place(holders, &live);
        let mut places = Vec::with_capacity(offered.len() + allocation.new.len());
        for (bucket, count) in offered.into_iter().zip(allocation.offered) {
            let (bucket, epoch_wrapped) = bucket.keys();
            let key = self.vault.bucket_key(tenant, &bucket, &epoch_wrapped).await?;
            places.push(Place { bucket, epoch_wrapped, key, count });
        }
        let above = self.vault.epoch_key(tenant, newest.epoch, &newest.wrapped).await?;
        let mut rows = Vec::with_capacity(allocation.new.len());
        for count in allocation.new {
            let (id, key) = (Uuid::from(BucketId::new(&self.clock)), BucketKey::random());
            let wrapped = seal::wrap::wrap_bucket_key(&above, tenant, id, &key);
            rows.push((id, wrapped.clone()));
            let bucket = WrappedBucket { id, version: FIRST, epoch: newest.epoch, wrapped };
            places.push(Place { bucket, epoch_wrapped: newest.wrapped.clone(), key, count });
        }
        if !rows.is_empty() {
            buckets::insert(tx, kind, newest.epoch, &rows).await?;
        }
        Ok(places)
    }
}

/// A bucket's version while it has had one key.
const FIRST: i64 = 1;

/// A bucket, opened, and how many new holders it takes.
struct Place {
    bucket: WrappedBucket,
    epoch_wrapped: Vec<u8>,
    key: BucketKey,
    count: usize,
}

impl WrappedBucket {
    /// The bucket with its next key, under the tenant's key of `epoch`.
    #[must_use]
    pub fn next(&self, epoch: i64, wrapped: Vec<u8>) -> Self {
        Self { id: self.id, version: self.version + 1, epoch, wrapped }
    }
}
