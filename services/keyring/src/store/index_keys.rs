//! A tenant's blind index keys, one a field, wrapped by one of its epoch keys.

use db::TenantTx;
use diesel::sql_types::{Array, BigInt, Binary, Text, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// An index key as it is stored.
#[derive(QueryableByName)]
pub struct IndexKey {
    /// What is indexed.
    #[diesel(sql_type = Text)]
    pub field: String,
    /// Which of the tenant's keys wraps it.
    #[diesel(sql_type = BigInt)]
    pub epoch: i64,
    /// The key.
    #[diesel(sql_type = Binary)]
    pub wrapped: Vec<u8>,
    /// The tenant's key, wrapped by the root of the epoch.
    #[diesel(sql_type = Binary)]
    pub epoch_wrapped: Vec<u8>,
}

const COLUMNS: &str = "SELECT index_keys.field, index_keys.epoch, index_keys.wrapped, tenant_epochs.wrapped AS epoch_wrapped \
    FROM keyring.index_keys JOIN keyring.tenant_epochs ON tenant_epochs.tenant_id = index_keys.tenant_id AND tenant_epochs.epoch = index_keys.epoch \
    WHERE index_keys.tenant_id = $1";

/// The tenant's index keys.
pub async fn all(tx: &mut TenantTx) -> QueryResult<Vec<IndexKey>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query(COLUMNS).bind::<SqlUuid, _>(tenant).load(tx.conn()).await
}

/// Those that an older epoch's key still wraps, locked.
pub async fn before(tx: &mut TenantTx, epoch: i64) -> QueryResult<Vec<IndexKey>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query(format!("{COLUMNS} AND index_keys.epoch < $2 ORDER BY index_keys.field FOR UPDATE OF index_keys"))
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .load(tx.conn())
        .await
}

/// Adds keys; the first one of a field stands.
pub async fn insert(tx: &mut TenantTx, epoch: i64, new: &[(String, Vec<u8>)]) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    let (fields, wrapped): (Vec<&str>, Vec<&[u8]>) = new.iter().map(|(field, wrapped)| (field.as_str(), wrapped.as_slice())).unzip();
    sql_query("INSERT INTO keyring.index_keys (tenant_id, field, epoch, wrapped) SELECT $1, new.field, $2, new.wrapped FROM unnest($3, $4) AS new (field, wrapped) ORDER BY new.field ON CONFLICT DO NOTHING")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .bind::<Array<Text>, _>(fields)
        .bind::<Array<Binary>, _>(wrapped)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Stores what locked keys look like under the tenant's key of `epoch`.
pub async fn rewrap(tx: &mut TenantTx, epoch: i64, wrapped: &[(String, Vec<u8>)]) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    let (fields, keys): (Vec<&str>, Vec<&[u8]>) = wrapped.iter().map(|(field, wrapped)| (field.as_str(), wrapped.as_slice())).unzip();
    sql_query("UPDATE keyring.index_keys SET epoch = $2, wrapped = new.wrapped FROM unnest($3, $4) AS new (field, wrapped) WHERE index_keys.tenant_id = $1 AND index_keys.field = new.field")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .bind::<Array<Text>, _>(fields)
        .bind::<Array<Binary>, _>(keys)
        .execute(tx.conn())
        .await
        .map(drop)
}
