//! The epochs whose root key exists, and what became of the others. House rows.

use crate::domain::epoch::Epoch;
use db::TenantTx;
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// One lock for the whole turning of an epoch: whoever holds it takes the next step.
const TURNING: i64 = 0x6d78_7472_6b65_7972;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = BigInt)]
    ends_at_us: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Tries to be the one process that turns the epoch, until the end of this transaction.
pub async fn try_turn(tx: &mut TenantTx) -> QueryResult<bool> {
    let rows: Vec<Locked> = sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked").bind::<BigInt, _>(TURNING).load(tx.conn()).await?;
    Ok(rows.into_iter().next().is_some_and(|row| row.locked))
}

/// The epochs that are not given up yet, newest first.
pub async fn living(tx: &mut TenantTx) -> QueryResult<Vec<Epoch>> {
    let house: Uuid = tx.tenant().into();
    let rows: Vec<Row> = sql_query("SELECT epoch, ends_at_us FROM keyring.epochs WHERE tenant_id = $1 ORDER BY epoch DESC")
        .bind::<SqlUuid, _>(house)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| Epoch { number: row.epoch, ends_at_us: row.ends_at_us }).collect())
}

/// Begins an epoch whose root exists.
pub async fn begin(tx: &mut TenantTx, epoch: Epoch, now_us: i64) -> QueryResult<()> {
    let house: Uuid = tx.tenant().into();
    sql_query("INSERT INTO keyring.epochs (tenant_id, epoch, ends_at_us, created_at_us) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind::<SqlUuid, _>(house)
        .bind::<BigInt, _>(epoch.number)
        .bind::<BigInt, _>(epoch.ends_at_us)
        .bind::<BigInt, _>(now_us)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Gives up an epoch. Fails on the foreign key while any tenant's key, of whatever tenant, still hangs on it; after the commit none can any more.
pub async fn retire(tx: &mut TenantTx, epoch: i64, now_us: i64) -> QueryResult<()> {
    let house: Uuid = tx.tenant().into();
    sql_query(
        "WITH gone AS (DELETE FROM keyring.epochs WHERE tenant_id = $1 AND epoch = $2 RETURNING epoch) \
               INSERT INTO keyring.retired_epochs (tenant_id, epoch, retired_at_us) SELECT $1, epoch, $3 FROM gone ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(house)
    .bind::<BigInt, _>(epoch)
    .bind::<BigInt, _>(now_us)
    .execute(tx.conn())
    .await
    .map(drop)
}

/// The epochs that were given up and whose root may still exist.
pub async fn to_destroy(tx: &mut TenantTx) -> QueryResult<Vec<i64>> {
    let house: Uuid = tx.tenant().into();
    let rows: Vec<Number> =
        sql_query("SELECT epoch FROM keyring.retired_epochs WHERE tenant_id = $1 AND destroyed_at_us IS NULL ORDER BY epoch")
            .bind::<SqlUuid, _>(house)
            .load(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|row| row.epoch).collect())
}

/// Says that the root of an epoch is gone.
pub async fn destroyed(tx: &mut TenantTx, epoch: i64, now_us: i64) -> QueryResult<()> {
    let house: Uuid = tx.tenant().into();
    sql_query("UPDATE keyring.retired_epochs SET destroyed_at_us = $3 WHERE tenant_id = $1 AND epoch = $2 AND destroyed_at_us IS NULL")
        .bind::<SqlUuid, _>(house)
        .bind::<BigInt, _>(epoch)
        .bind::<BigInt, _>(now_us)
        .execute(tx.conn())
        .await
        .map(drop)
}
