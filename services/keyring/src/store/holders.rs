//! The keys of people, imports and cases, each wrapped by the key of its bucket.

use super::chains::{Chains, Row, known};
use crate::domain::holder::{Kind, Known};
use db::TenantTx;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use privacy::PersonalData;
use std::collections::HashSet;
use uuid::Uuid;

/// The chain of wrapped keys that leads to one holder's key, read in one statement and therefore of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose key.
    pub holder: Uuid,
    /// The holder's key under the bucket's.
    pub wrapped: Vec<u8>,
    /// The bucket's key under the tenant's.
    pub bucket: WrappedBucket,
    /// The tenant's key under the root of this epoch.
    pub epoch_wrapped: Vec<u8>,
}

/// A bucket's key, wrapped, and which of the bucket's keys it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedBucket {
    /// Which bucket.
    pub id: Uuid,
    /// How many keys the bucket has had.
    pub version: i64,
    /// Which of the tenant's keys wraps it.
    pub epoch: i64,
    /// The key.
    pub wrapped: Vec<u8>,
}

/// A row of the table, for the register of processing; a key is about a person, and says nothing of them.
#[derive(PersonalData)]
#[personal(store = "keyring.holders")]
pub struct HolderRecord {
    /// The tenant.
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    /// The holder.
    #[data(not_personal = "a random id, untied from the person when the key is shredded")]
    pub holder_id: Uuid,
    /// Person, import or case.
    #[data(not_personal = "closed vocabulary")]
    pub kind: i16,
    /// The bucket.
    #[data(not_personal = "a bucket's id")]
    pub bucket_id: Option<Uuid>,
    /// The key.
    #[data(not_personal = "a random key, wrapped")]
    pub wrapped: Option<Vec<u8>>,
    /// When the key was made.
    #[data(not_personal = "time of the row")]
    pub created_at_us: i64,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = SqlUuid)]
    holder_id: Uuid,
}

/// What is known of each holder, in the order asked, inside a transaction.
pub async fn chains(tx: &mut TenantTx, kind: Kind, holders: &[Uuid]) -> QueryResult<Vec<Known<Chain>>> {
    let asked = Chains::of(tx.tenant(), kind, holders);
    let rows: Vec<Row> = asked.load(tx.conn()).await?;
    Ok(known(rows))
}

/// Stores new keys; a holder that has one keeps it. Answers whose keys were stored.
pub async fn insert(tx: &mut TenantTx, kind: Kind, new: &[Chain], now_us: i64) -> QueryResult<HashSet<Uuid>> {
    let tenant: Uuid = tx.tenant().into();
    let ids: Vec<Uuid> = new.iter().map(|holder| holder.holder).collect();
    let buckets: Vec<Uuid> = new.iter().map(|holder| holder.bucket.id).collect();
    let wrapped: Vec<&[u8]> = new.iter().map(|holder| holder.wrapped.as_slice()).collect();
    let rows: Vec<Stored> = sql_query(
        "INSERT INTO keyring.holders (tenant_id, holder_id, kind, bucket_id, wrapped, created_at_us) \
         SELECT $1, new.holder_id, $2, new.bucket_id, new.wrapped, $3 FROM unnest($4, $5, $6) AS new (holder_id, bucket_id, wrapped) \
         ORDER BY new.holder_id \
         ON CONFLICT (tenant_id, holder_id) DO NOTHING RETURNING holder_id",
    )
    .bind::<SqlUuid, _>(tenant)
    .bind::<SmallInt, _>(kind.number())
    .bind::<BigInt, _>(now_us)
    .bind::<Array<SqlUuid>, _>(&ids)
    .bind::<Array<SqlUuid>, _>(&buckets)
    .bind::<Array<Binary>, _>(&wrapped)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.holder_id).collect())
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    bucket_id: Option<Uuid>,
}

/// Takes a holder's row for shredding: waits for whoever is making its key just now, puts an empty row where there is none, locks it. Answers its bucket.
pub async fn seize(tx: &mut TenantTx, kind: Kind, holder: Uuid, now_us: i64) -> QueryResult<Option<Uuid>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("INSERT INTO keyring.holders (tenant_id, holder_id, kind, created_at_us) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, holder_id) DO NOTHING")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .bind::<SmallInt, _>(kind.number())
        .bind::<BigInt, _>(now_us)
        .execute(tx.conn())
        .await?;
    let rows: Vec<Place> = sql_query("SELECT bucket_id FROM keyring.holders WHERE tenant_id = $1 AND holder_id = $2 FOR UPDATE")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next().and_then(|row| row.bucket_id))
}

#[derive(QueryableByName)]
struct Sort {
    #[diesel(sql_type = SmallInt)]
    kind: i16,
}

/// What kind of holder has this id, if any.
pub async fn kind_of(tx: &mut TenantTx, holder: Uuid) -> QueryResult<Option<Kind>> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Sort> = sql_query("SELECT kind FROM keyring.holders WHERE tenant_id = $1 AND holder_id = $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next().and_then(|row| Kind::from_number(row.kind.into())))
}

/// Removes a holder's row, key and all.
pub async fn remove(tx: &mut TenantTx, holder: Uuid) -> QueryResult<usize> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("DELETE FROM keyring.holders WHERE tenant_id = $1 AND holder_id = $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .execute(tx.conn())
        .await
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = SqlUuid)]
    holder_id: Uuid,
    #[diesel(sql_type = Binary)]
    wrapped: Vec<u8>,
}

/// Every key in a bucket.
pub async fn in_bucket(tx: &mut TenantTx, bucket: Uuid) -> QueryResult<Vec<(Uuid, Vec<u8>)>> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Kept> =
        sql_query("SELECT holder_id, wrapped FROM keyring.holders WHERE tenant_id = $1 AND bucket_id = $2 ORDER BY holder_id")
            .bind::<SqlUuid, _>(tenant)
            .bind::<SqlUuid, _>(bucket)
            .load(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|row| (row.holder_id, row.wrapped)).collect())
}

/// Stores what survivors' keys look like under the bucket's new key, in one statement.
pub async fn rewrap(tx: &mut TenantTx, survivors: &[(Uuid, Vec<u8>)]) -> QueryResult<usize> {
    let tenant: Uuid = tx.tenant().into();
    let (ids, wrapped): (Vec<Uuid>, Vec<&[u8]>) = survivors.iter().map(|(id, wrapped)| (*id, wrapped.as_slice())).unzip();
    sql_query("UPDATE keyring.holders SET wrapped = new.wrapped FROM unnest($2, $3) AS new (holder_id, wrapped) WHERE holders.tenant_id = $1 AND holders.holder_id = new.holder_id")
        .bind::<SqlUuid, _>(tenant)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Binary>, _>(wrapped)
        .execute(tx.conn())
        .await
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many rows of a holder are left, whatever their kind.
pub async fn left_of(tx: &mut TenantTx, holder: Uuid) -> QueryResult<i64> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Count> = sql_query("SELECT count(*) AS rows FROM keyring.holders WHERE tenant_id = $1 AND holder_id = $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next().map_or(0, |row| row.rows))
}
