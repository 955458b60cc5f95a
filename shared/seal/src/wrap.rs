//! Wrapping: each key sealed under the key above it, bound to what it is and whose.

use crate::frame::framed;
use crate::sealed::{open_for, seal_for};
use crate::{BucketKey, EpochKey, Key, KeyWrapper, SubjectKey, Unopenable, WrapError};
use kernel::TenantId;
use uuid::Uuid;

fn aad(kind: &str, tenant: TenantId, ids: &[&[u8]]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = vec![b"mxtr/wrap/1", kind.as_bytes(), tenant.as_bytes()];
    parts.extend_from_slice(ids);
    framed(&parts)
}

fn unwrap(above: &Key, aad: &[u8], wrapped: &[u8]) -> Result<Key, Unopenable> {
    let plain = open_for(above, aad, wrapped)?;
    Ok(Key::from_bytes(plain.as_slice().try_into().map_err(|_| Unopenable)?))
}

fn holder_aad(tenant: TenantId, bucket: Uuid, holder: Uuid) -> Vec<u8> {
    aad("holder", tenant, &[bucket.as_bytes(), holder.as_bytes()])
}

/// A holder's key under its bucket's.
pub fn wrap_subject_key(above: &BucketKey, tenant: TenantId, bucket: Uuid, holder: Uuid, key: &SubjectKey) -> Vec<u8> {
    seal_for(above.key(), &holder_aad(tenant, bucket, holder), key.key().as_bytes())
}

/// A holder's key from under its bucket's.
///
/// # Errors
/// [`Unopenable`].
pub fn unwrap_subject_key(
    above: &BucketKey,
    tenant: TenantId,
    bucket: Uuid,
    holder: Uuid,
    wrapped: &[u8],
) -> Result<SubjectKey, Unopenable> {
    unwrap(above.key(), &holder_aad(tenant, bucket, holder), wrapped).map(SubjectKey::from)
}

/// A bucket's key under one of the tenant's epoch keys.
pub fn wrap_bucket_key(above: &EpochKey, tenant: TenantId, bucket: Uuid, key: &BucketKey) -> Vec<u8> {
    seal_for(above.key(), &aad("bucket", tenant, &[bucket.as_bytes()]), key.key().as_bytes())
}

/// A bucket's key from under one of the tenant's epoch keys.
///
/// # Errors
/// [`Unopenable`].
pub fn unwrap_bucket_key(above: &EpochKey, tenant: TenantId, bucket: Uuid, wrapped: &[u8]) -> Result<BucketKey, Unopenable> {
    unwrap(above.key(), &aad("bucket", tenant, &[bucket.as_bytes()]), wrapped).map(BucketKey::from)
}

/// A tenant's index key of one field under one of its epoch keys.
pub fn wrap_index_key(above: &EpochKey, tenant: TenantId, field: &str, key: &Key) -> Vec<u8> {
    seal_for(above.key(), &aad("index", tenant, &[field.as_bytes()]), key.as_bytes())
}

/// A tenant's index key from under one of its epoch keys.
///
/// # Errors
/// [`Unopenable`].
pub fn unwrap_index_key(above: &EpochKey, tenant: TenantId, field: &str, wrapped: &[u8]) -> Result<Key, Unopenable> {
    unwrap(above.key(), &aad("index", tenant, &[field.as_bytes()]), wrapped)
}

fn epoch_aad(tenant: TenantId, epoch: u64) -> Vec<u8> {
    aad("epoch", tenant, &[&epoch.to_be_bytes()])
}

/// A tenant's epoch key under the root of the epoch.
///
/// # Errors
/// [`WrapError`].
pub async fn wrap_epoch_key(roots: &dyn KeyWrapper, epoch: u64, tenant: TenantId, key: &EpochKey) -> Result<Vec<u8>, WrapError> {
    roots.wrap(epoch, key.key().as_bytes(), &epoch_aad(tenant, epoch)).await
}

/// A tenant's epoch key from under the root of the epoch.
///
/// # Errors
/// [`WrapError`].
pub async fn unwrap_epoch_key(roots: &dyn KeyWrapper, epoch: u64, tenant: TenantId, wrapped: &[u8]) -> Result<EpochKey, WrapError> {
    let plain = roots.unwrap(epoch, wrapped, &epoch_aad(tenant, epoch)).await?;
    let bytes = plain.as_slice().try_into().map_err(|_| WrapError::Unopenable(Unopenable))?;
    Ok(EpochKey::from(Key::from_bytes(bytes)))
}
