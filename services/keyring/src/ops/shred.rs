//! Shredding: the ledger first, then a new key for the survivors of the bucket. Every step may be done again; none may be left out.

use super::Store;
use crate::domain::epoch;
use crate::domain::holder::Kind;
use crate::error::Error;
use crate::events::say;
use crate::store::holders::{self, WrappedBucket};
use crate::store::ledger::{self, Entry, State};
use crate::store::{buckets, tenant_epochs};
use db::TenantTx;
use kernel::{SubjectId, TenantId};
use seal::{BucketKey, SubjectKey};
use uuid::Uuid;

/// A shredding that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When, in microseconds since 1970.
    pub at_us: i64,
    /// From when on no copy of the key store opens it.
    pub unrecoverable_by_us: i64,
    /// Keys destroyed this time: none when it had been done before, or nobody had made one.
    pub erased: u32,
}

/// What shredding took out of a bucket.
struct Taken {
    bucket: Option<Uuid>,
    ends_at_us: i64,
    commitment: Vec<u8>,
}

impl Store {
    /// First step: the intention, on record. From its commit on nobody is given the key, here or in another process.
    pub async fn record(&self, tenant: TenantId, kind: Kind, holder: Uuid, case: Option<Uuid>) -> Result<(), Error> {
        self.db
            .tx(tenant, "keyring.record_erasure", async |tx| Ok::<_, Error>(ledger::record(tx, kind, holder, case, self.now_us()).await?))
            .await
    }

    /// Second step: the key is destroyed. Done already: says so. `tell` publishes what the asker wants to know in the same transaction.
    pub async fn finish(&self, tenant: TenantId, holder: Uuid, tell: &(impl Fn(&mut TenantTx, &Erasure) + Sync)) -> Result<Erasure, Error> {
        let mut tries = 0;
        let (erasure, gone) = loop {
            let done = self
                .db
                .tx(tenant, "keyring.shred", async |tx| {
                    let (erasure, gone) = self.shred(tx, holder).await?;
                    tell(tx, &erasure);
                    Ok::<_, Error>((erasure, gone))
                })
                .await;
            match done {
                Ok(done) => break done,
                Err(why) => self.again(tenant, why, &mut tries).await?,
            }
        };
        if let Some((kind, bucket)) = gone {
            self.metrics.shredded(kind);
            self.vault.forget_bucket(tenant, bucket);
        }
        Ok(erasure)
    }

    /// The shredding, and which bucket a key of which kind was taken out of.
    async fn shred(&self, tx: &mut TenantTx, holder: Uuid) -> Result<(Erasure, Option<(Kind, Uuid)>), Error> {
        let entry = ledger::lock(tx, holder).await?.ok_or(Error::NotRecorded)?;
        if let State::Shredded { at_us, unrecoverable_by_us } = entry.state {
            return Ok((Erasure { at_us, unrecoverable_by_us, erased: 0 }, None));
        }
        let taken = self.take_out(tx, &entry).await?;
        let at_us = self.now_us();
        let unrecoverable_by_us =
            epoch::unrecoverable_by(at_us, taken.ends_at_us, self.terms.epoch_seconds, self.terms.deletion_window_seconds);
        ledger::complete(tx, holder, at_us, unrecoverable_by_us).await?;
        let erasure = Erasure { at_us, unrecoverable_by_us, erased: u32::from(taken.bucket.is_some()) };
        say::shredded(tx, &self.clock, &entry, &erasure);
        say::shredding_act(tx, &self.clock, &entry, taken.commitment, &erasure);
        Ok((erasure, taken.bucket.map(|bucket| (entry.kind, bucket))))
    }

    /// Removes the holder's key and gives the bucket a new one, under which the survivors' keys are wrapped anew.
    async fn take_out(&self, tx: &mut TenantTx, entry: &Entry) -> Result<Taken, Error> {
        let bucket = holders::seize(tx, entry.kind, entry.holder, self.now_us()).await?;
        let Some(bucket) = bucket else {
            holders::remove(tx, entry.holder).await?;
            return Ok(Taken { bucket: None, ends_at_us: 0, commitment: Vec::new() });
        };
        let locked = buckets::lock(tx, bucket).await?.ok_or(Error::Overtaken)?;
        let (tenant, ends_at_us) = (tx.tenant(), locked.ends_at_us());
        let (row, epoch_wrapped) = locked.keys();
        let old = self.vault.bucket_key(tenant, &row, &epoch_wrapped).await?;
        let commitment = self.rekey(tx, entry, &row, &old).await?;
        Ok(Taken { bucket: Some(bucket), ends_at_us, commitment })
    }

    async fn rekey(&self, tx: &mut TenantTx, entry: &Entry, row: &WrappedBucket, old: &BucketKey) -> Result<Vec<u8>, Error> {
        let tenant = tx.tenant();
        let (gone, stay): (Vec<_>, Vec<_>) =
            holders::in_bucket(tx, row.id).await?.into_iter().partition(|(holder, _)| *holder == entry.holder);
        let commitment =
            gone.iter().find_map(|(holder, wrapped)| commitment(entry.kind, old, tenant, row.id, *holder, wrapped)).unwrap_or_default();
        holders::remove(tx, entry.holder).await?;
        if stay.is_empty() {
            buckets::remove(tx, row.id).await?;
            return Ok(commitment);
        }
        let new = BucketKey::random();
        let survivors = stay.into_iter().map(|(holder, wrapped)| {
            let key = seal::wrap::unwrap_subject_key(old, tenant, row.id, holder, &wrapped)?;
            Ok((holder, seal::wrap::wrap_subject_key(&new, tenant, row.id, holder, &key)))
        });
        let survivors = survivors.collect::<Result<Vec<_>, Error>>()?;
        let newest = tenant_epochs::newest(tx).await?.ok_or(Error::NewTenant)?;
        let above = self.vault.epoch_key(tenant, newest.epoch, &newest.wrapped).await?;
        let wrapped = seal::wrap::wrap_bucket_key(&above, tenant, row.id, &new);
        buckets::rekey(tx, &row.next(newest.epoch, wrapped), survivors.len()).await?;
        holders::rewrap(tx, &survivors).await?;
        Ok(commitment)
    }
}

/// A person as the audit log knows them: made with their own key, so that it stands for nobody once the key is gone.
fn commitment(kind: Kind, bucket: &BucketKey, tenant: TenantId, id: Uuid, holder: Uuid, wrapped: &[u8]) -> Option<Vec<u8>> {
    if kind != Kind::Subject {
        return None;
    }
    let key: SubjectKey = seal::wrap::unwrap_subject_key(bucket, tenant, id, holder, wrapped).ok()?;
    Some(seal::index::commitment(&key.subkey("audit"), SubjectId::from(holder)).to_vec())
}
