//! The opened keys of the moment: tenants' and buckets' keys are unwrapped once and kept for a short while, holders' keys never.
//!
//! What is kept is found by which key it is (bucket and version, tenant and epoch), as the same statement that read the holder's row says. So a
//! process that has not heard of a shredding yet uses the new key all the same; the old one leaves memory when it is replaced, or after a minute.

use crate::domain::holder::Known;
use crate::error::Error;
use crate::store::holders::{Chain, WrappedBucket};
use kernel::{Clock, TenantId};
use seal::{BucketKey, EpochKey, KeyWrapper, SubjectKey};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// How long an opened key is kept at most, in microseconds: a minute.
const KEPT_US: i64 = 60_000_000;

/// How many opened keys of a kind are kept at most: some 2 MB.
const KEPT: usize = 8_192;

/// Opens wrapped keys.
pub struct Vault {
    roots: Arc<dyn KeyWrapper>,
    clock: Clock,
    opened: Mutex<Opened>,
}

#[derive(Default)]
struct Opened {
    epochs: HashMap<(TenantId, i64), Kept<EpochKey>>,
    buckets: HashMap<(TenantId, Uuid), Kept<(i64, BucketKey)>>,
}

struct Kept<K> {
    key: K,
    until_us: i64,
}

impl Vault {
    /// A vault over these root keys, with nothing opened.
    pub fn new(roots: Arc<dyn KeyWrapper>, clock: Clock) -> Self {
        Self { roots, clock, opened: Mutex::default() }
    }

    /// The root keys.
    pub fn roots(&self) -> &dyn KeyWrapper {
        self.roots.as_ref()
    }

    /// Opens what was read of each holder.
    pub async fn open_all(&self, tenant: TenantId, chains: Vec<Known<Chain>>) -> Result<Vec<Known<SubjectKey>>, Error> {
        let mut buckets: HashMap<(Uuid, i64), BucketKey> = HashMap::new();
        let mut keys = Vec::with_capacity(chains.len());
        for chain in chains {
            keys.push(match chain {
                Known::Live(chain) => Known::Live(self.open(tenant, &mut buckets, &chain).await?),
                Known::Shredded => Known::Shredded,
                Known::Unknown => Known::Unknown,
            });
        }
        Ok(keys)
    }

    async fn open(&self, tenant: TenantId, buckets: &mut HashMap<(Uuid, i64), BucketKey>, chain: &Chain) -> Result<SubjectKey, Error> {
        let which = (chain.bucket.id, chain.bucket.version);
        let bucket = match buckets.entry(which) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.bucket_key(tenant, &chain.bucket, &chain.epoch_wrapped).await?),
        };
        Ok(seal::wrap::unwrap_subject_key(bucket, tenant, chain.bucket.id, chain.holder, &chain.wrapped)?)
    }

    /// A bucket's key.
    pub async fn bucket_key(&self, tenant: TenantId, bucket: &WrappedBucket, epoch_wrapped: &[u8]) -> Result<BucketKey, Error> {
        let now_us = self.now_us();
        let kept = self
            .opened()
            .buckets
            .get(&(tenant, bucket.id))
            .and_then(|kept| kept.at(now_us))
            .filter(|(version, _)| *version == bucket.version);
        if let Some((_, key)) = kept {
            return Ok(key);
        }
        let above = self.epoch_key(tenant, bucket.epoch, epoch_wrapped).await?;
        let key = seal::wrap::unwrap_bucket_key(&above, tenant, bucket.id, &bucket.wrapped)?;
        self.opened().keep_bucket(tenant, bucket, &key, now_us);
        Ok(key)
    }

    /// A tenant's key of an epoch.
    pub async fn epoch_key(&self, tenant: TenantId, epoch: i64, wrapped: &[u8]) -> Result<EpochKey, Error> {
        let now_us = self.now_us();
        if let Some(key) = self.opened().epochs.get(&(tenant, epoch)).and_then(|kept| kept.at(now_us)) {
            return Ok(key);
        }
        let key = seal::wrap::unwrap_epoch_key(self.roots.as_ref(), root(epoch), tenant, wrapped).await?;
        let mut opened = self.opened();
        make_room(&mut opened.epochs, now_us);
        opened.epochs.insert((tenant, epoch), Kept { key: key.clone(), until_us: now_us + KEPT_US });
        Ok(key)
    }

    /// A tenant's new key under the root of an epoch.
    pub async fn wrap_epoch_key(&self, tenant: TenantId, epoch: i64, key: &EpochKey) -> Result<Vec<u8>, Error> {
        Ok(seal::wrap::wrap_epoch_key(self.roots.as_ref(), root(epoch), tenant, key).await?)
    }

    /// Drops a bucket's key: it was replaced.
    pub fn forget_bucket(&self, tenant: TenantId, bucket: Uuid) {
        self.opened().buckets.remove(&(tenant, bucket));
    }

    /// Drops the tenants' keys of older epochs.
    pub fn forget_epochs_before(&self, epoch: i64) {
        self.opened().epochs.retain(|(_, number), _| *number >= epoch);
    }

    /// Drops what was kept long enough.
    pub fn forget_old(&self) {
        let now_us = self.now_us();
        let mut opened = self.opened();
        opened.epochs.retain(|_, kept| kept.until_us > now_us);
        opened.buckets.retain(|_, kept| kept.until_us > now_us);
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> i64 {
        kernel::micros(self.clock.now())
    }
}

impl Opened {
    /// Keeps a bucket's key, unless a newer one is kept already: answers may overtake each other.
    fn keep_bucket(&mut self, tenant: TenantId, bucket: &WrappedBucket, key: &BucketKey, now_us: i64) {
        let place = (tenant, bucket.id);
        if self.buckets.get(&place).is_some_and(|kept| kept.key.0 > bucket.version) {
            return;
        }
        make_room(&mut self.buckets, now_us);
        self.buckets.insert(place, Kept { key: (bucket.version, key.clone()), until_us: now_us + KEPT_US });
    }
}

impl<K: Clone> Kept<K> {
    fn at(&self, now_us: i64) -> Option<K> {
        (now_us < self.until_us).then(|| self.key.clone())
    }
}

/// The number of an epoch's root key.
pub fn root(epoch: i64) -> u64 {
    u64::try_from(epoch).expect("the table refuses a negative epoch")
}

/// Forgets what is old, and everything when that is not enough.
fn make_room<Q: Eq + std::hash::Hash, K>(kept: &mut HashMap<Q, Kept<K>>, now_us: i64) {
    if kept.len() >= KEPT {
        kept.retain(|_, kept| kept.until_us > now_us);
    }
    if kept.len() >= KEPT {
        kept.clear();
    }
}
