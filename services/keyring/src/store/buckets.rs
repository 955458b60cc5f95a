//! Buckets: the keys that up to 256 holders share, each wrapped by one of the tenant's epoch keys.

use super::holders::WrappedBucket;
use crate::domain::holder::Kind;
use db::TenantTx;
use diesel::sql_types::{Array, BigInt, Binary, Integer, SmallInt, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// A bucket as it is stored, locked until the end of the transaction.
#[derive(QueryableByName)]
pub struct Bucket {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Binary)]
    wrapped: Vec<u8>,
    #[diesel(sql_type = Binary)]
    epoch_wrapped: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    ends_at_us: i64,
    #[diesel(sql_type = Integer)]
    live: i32,
}

impl Bucket {
    /// How many holders it has.
    pub fn live(&self) -> usize {
        usize::try_from(self.live).expect("the table refuses a negative count")
    }

    /// The end of the epoch whose key wraps it.
    pub fn ends_at_us(&self) -> i64 {
        self.ends_at_us
    }

    /// Its key, and the tenant's key that wraps it.
    pub fn keys(self) -> (WrappedBucket, Vec<u8>) {
        (WrappedBucket { id: self.id, version: self.version, epoch: self.epoch, wrapped: self.wrapped }, self.epoch_wrapped)
    }
}

const COLUMNS: &str = "SELECT buckets.bucket_id AS id, buckets.version, buckets.epoch, buckets.wrapped, tenant_epochs.wrapped AS epoch_wrapped, tenant_epochs.ends_at_us, buckets.live \
    FROM keyring.buckets JOIN keyring.tenant_epochs ON tenant_epochs.tenant_id = buckets.tenant_id AND tenant_epochs.epoch = buckets.epoch \
    WHERE buckets.tenant_id = $1";

/// Locks up to `limit` buckets with room; those that others are filling are left to them.
pub async fn with_room(tx: &mut TenantTx, kind: Kind, limit: i64) -> QueryResult<Vec<Bucket>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query(format!(
        "{COLUMNS} AND buckets.kind = $2 AND buckets.live < 256 ORDER BY buckets.bucket_id LIMIT $3 FOR UPDATE OF buckets SKIP LOCKED"
    ))
    .bind::<SqlUuid, _>(tenant)
    .bind::<SmallInt, _>(kind.number())
    .bind::<BigInt, _>(limit)
    .load(tx.conn())
    .await
}

/// Locks one bucket, whoever has it now.
pub async fn lock(tx: &mut TenantTx, bucket: Uuid) -> QueryResult<Option<Bucket>> {
    let tenant: Uuid = tx.tenant().into();
    let rows = sql_query(format!("{COLUMNS} AND buckets.bucket_id = $2 FOR UPDATE OF buckets"))
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(bucket)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next())
}

/// Adds empty buckets.
pub async fn insert(tx: &mut TenantTx, kind: Kind, epoch: i64, new: &[(Uuid, Vec<u8>)]) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    let (ids, wrapped): (Vec<Uuid>, Vec<&[u8]>) = new.iter().map(|(id, wrapped)| (*id, wrapped.as_slice())).unzip();
    sql_query("INSERT INTO keyring.buckets (tenant_id, bucket_id, kind, epoch, wrapped, live) SELECT $1, new.bucket_id, $2, $3, new.wrapped, 0 FROM unnest($4, $5) AS new (bucket_id, wrapped)")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SmallInt, _>(kind.number())
        .bind::<BigInt, _>(epoch)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Binary>, _>(wrapped)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Counts new holders in: each id stands once for each holder its bucket took.
pub async fn count_in(tx: &mut TenantTx, buckets: &[Uuid]) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query(
        "UPDATE keyring.buckets SET live = live + taken.holders \
         FROM (SELECT id, count(*)::integer AS holders FROM unnest($2) AS stored (id) GROUP BY id) AS taken \
         WHERE buckets.tenant_id = $1 AND buckets.bucket_id = taken.id",
    )
    .bind::<SqlUuid, _>(tenant)
    .bind::<Array<SqlUuid>, _>(buckets)
    .execute(tx.conn())
    .await
    .map(drop)
}

/// Gives a locked bucket its next key, wrapped by the tenant's key of `epoch`, for the `live` holders it has now.
pub async fn rekey(tx: &mut TenantTx, bucket: &WrappedBucket, live: usize) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("UPDATE keyring.buckets SET version = $3, epoch = $4, wrapped = $5, live = $6 WHERE tenant_id = $1 AND bucket_id = $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(bucket.id)
        .bind::<BigInt, _>(bucket.version)
        .bind::<BigInt, _>(bucket.epoch)
        .bind::<Binary, _>(&bucket.wrapped)
        .bind::<Integer, _>(i32::try_from(live).expect("a bucket has at most 256 holders"))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Removes a bucket that nobody is in.
pub async fn remove(tx: &mut TenantTx, bucket: Uuid) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("DELETE FROM keyring.buckets WHERE tenant_id = $1 AND bucket_id = $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(bucket)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Locks up to `limit` buckets that an older epoch's key still wraps.
pub async fn before(tx: &mut TenantTx, epoch: i64, limit: i64) -> QueryResult<Vec<Bucket>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query(format!("{COLUMNS} AND buckets.epoch < $2 ORDER BY buckets.bucket_id LIMIT $3 FOR UPDATE OF buckets"))
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .bind::<BigInt, _>(limit)
        .load(tx.conn())
        .await
}

/// Stores what locked buckets' keys look like under the tenant's key of `epoch`.
pub async fn rewrap(tx: &mut TenantTx, epoch: i64, wrapped: &[(Uuid, Vec<u8>)]) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    let (ids, keys): (Vec<Uuid>, Vec<&[u8]>) = wrapped.iter().map(|(id, wrapped)| (*id, wrapped.as_slice())).unzip();
    sql_query("UPDATE keyring.buckets SET epoch = $2, wrapped = new.wrapped FROM unnest($3, $4) AS new (bucket_id, wrapped) WHERE buckets.tenant_id = $1 AND buckets.bucket_id = new.bucket_id")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Binary>, _>(keys)
        .execute(tx.conn())
        .await
        .map(drop)
}
