//! A server that is frozen: its connections stay open and answer nothing.

use crate::world::{Way, add, database, put, runtime, sessions, tenant, values};
use db::{AsyncPgConnection, DatabaseConfig, Db, DbError, TenantTx};
use diesel_async::RunQueryDsl;
use events::platform::ReadRecord;
use kernel::TenantId;
use runtime::Secret;
use std::time::Duration;
use testkit::until;

/// A pool that waits only shortly.
async fn impatient(way: &Way) -> Db {
    let answer_within = Duration::from_millis(300);
    let config = DatabaseConfig { answer_within, ..DatabaseConfig::new(Secret::new(way.database.url.clone()), 4) };
    Db::connect(&config, &runtime()).await.unwrap()
}

async fn ask(db: &Db) -> Result<Vec<i32>, DbError> {
    db.read(TenantId::HOUSE, "test.read", diesel::dsl::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_frozen_server_is_told_and_the_pool_heals_when_it_goes_on() {
    let (database, direct) = database().await;
    put(&direct, TenantId::HOUSE, &[1]).await;
    let way = Way::to(&database).await;
    let db = impatient(&way).await;
    assert_eq!(values(&db, TenantId::HOUSE).await, [(1, 0)]);
    let before = way.arrived();
    way.freeze(true);
    let read = ask(&db).await;
    assert!(matches!(read, Err(DbError::Unavailable)), "a read: {read:?}");
    let changed: Result<(), DbError> = db.tx(TenantId::HOUSE, "test.change", async |tx: &mut TenantTx| Ok(add(tx, 1).await?)).await;
    assert!(matches!(changed, Err(DbError::Unavailable)), "a transaction: {changed:?}");
    let seen: Result<usize, DbError> = db
        .infra("test.infra", async |connection: &mut AsyncPgConnection| Ok(diesel::sql_query("SELECT 1").execute(connection).await?))
        .await;
    assert!(matches!(seen, Err(DbError::Unavailable)), "a transaction of no tenant: {seen:?}");
    let kept = db.journal().record(tenant(1), &ReadRecord { read_id: vec![7; 16], ..ReadRecord::default() }).await;
    assert!(matches!(kept, Err(DbError::Unavailable)), "an opening: {kept:?}");
    way.freeze(false);
    until("the pool has found the server again", || async { ask(&db).await.is_ok() }).await;
    assert!(way.arrived() > before, "the connections that were given up are not used again");
    until("nothing that was given up is still open in the server", || async {
        sessions(&database).await.iter().all(|(_, state)| state == "idle")
    })
    .await;
    assert_eq!(values(&db, TenantId::HOUSE).await, [(1, 0)], "what was given up before its commit has no effect");
}
