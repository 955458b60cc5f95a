//! A tenant's own key of each epoch, wrapped by the root of that epoch.

use db::TenantTx;
use diesel::sql_types::{BigInt, Binary, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// A tenant's key of an epoch, as it is stored.
#[derive(Clone, Debug, QueryableByName)]
pub struct TenantEpoch {
    /// Which epoch's root wraps it.
    #[diesel(sql_type = BigInt)]
    pub epoch: i64,
    /// The key, wrapped.
    #[diesel(sql_type = Binary)]
    pub wrapped: Vec<u8>,
    /// The end of that epoch.
    #[diesel(sql_type = BigInt)]
    pub ends_at_us: i64,
}

/// The newest, under which new buckets are made.
pub async fn newest(tx: &mut TenantTx) -> QueryResult<Option<TenantEpoch>> {
    let tenant: Uuid = tx.tenant().into();
    let rows = sql_query("SELECT epoch, wrapped, ends_at_us FROM keyring.tenant_epochs WHERE tenant_id = $1 ORDER BY epoch DESC LIMIT 1")
        .bind::<SqlUuid, _>(tenant)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next())
}

/// All of the tenant's, oldest first.
pub async fn all(tx: &mut TenantTx) -> QueryResult<Vec<TenantEpoch>> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("SELECT epoch, wrapped, ends_at_us FROM keyring.tenant_epochs WHERE tenant_id = $1 ORDER BY epoch")
        .bind::<SqlUuid, _>(tenant)
        .load(tx.conn())
        .await
}

/// Adds a key; the first one stands. Fails on the foreign key when the epoch was given up meanwhile.
pub async fn add(tx: &mut TenantTx, key: &TenantEpoch) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("INSERT INTO keyring.tenant_epochs (tenant_id, epoch, wrapped, ends_at_us) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(key.epoch)
        .bind::<Binary, _>(&key.wrapped)
        .bind::<BigInt, _>(key.ends_at_us)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Waits for everybody who is making something under the tenant's older keys, and keeps others away until the end of this transaction.
pub async fn lock_before(tx: &mut TenantTx, epoch: i64) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("SELECT epoch FROM keyring.tenant_epochs WHERE tenant_id = $1 AND epoch < $2 ORDER BY epoch FOR UPDATE")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Removes the tenant's keys of older epochs. Fails on the foreign key while a bucket or an index key still hangs on one.
pub async fn remove_before(tx: &mut TenantTx, epoch: i64) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("DELETE FROM keyring.tenant_epochs WHERE tenant_id = $1 AND epoch < $2")
        .bind::<SqlUuid, _>(tenant)
        .bind::<BigInt, _>(epoch)
        .execute(tx.conn())
        .await
        .map(drop)
}
