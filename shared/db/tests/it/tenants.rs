//! A tenant's rows are a tenant's.

use crate::world::{THINGS, add, database, put, runtime, tenant, things, values};
use db::{AsyncPgConnection, Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Service;

pub async fn seen_without_a_tenant(db: &Db) -> Result<i64, DbError> {
    db.infra("test.raw", async |connection: &mut AsyncPgConnection| Ok(things::table.count().get_result(connection).await?)).await
}

#[tokio::test]
async fn nothing_is_seen_without_a_tenant_and_nothing_of_another_is_touched() {
    let (_, db) = database().await;
    put(&db, tenant(1), &[1, 2]).await;
    put(&db, tenant(2), &[1, 2]).await;
    assert_eq!(seen_without_a_tenant(&db).await.unwrap(), 0);
    let all: Result<usize, DbError> = db
        .tx(tenant(1), "test.all", async |tx: &mut TenantTx| {
            Ok(diesel::update(things::table).set(things::value.eq(9)).execute(tx.conn()).await?)
        })
        .await;
    assert_eq!(all.unwrap(), 2, "an update of everything is one of everything that is ours");
    assert_eq!(values(&db, tenant(1)).await, [(1, 9), (2, 9)]);
    assert_eq!(values(&db, tenant(2)).await, [(1, 0), (2, 0)]);
    let stolen: Result<usize, DbError> = db
        .tx(tenant(1), "test.foreign", async |tx: &mut TenantTx| {
            let row = (things::tenant_id.eq(tenant(2).uuid()), things::id.eq(3), things::value.eq(0));
            Ok(diesel::insert_into(things::table).values(row).execute(tx.conn()).await?)
        })
        .await;
    assert!(stolen.is_err(), "no row can be made for somebody else");
    let undone: Result<(), DbError> = db
        .tx(tenant(1), "test.fails", async |tx: &mut TenantTx| {
            add(tx, 1).await?;
            Err(DbError::NotFound)
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(values(&db, tenant(1)).await, [(1, 9), (2, 9)], "what fails leaves nothing");
    assert_eq!(seen_without_a_tenant(&db).await.unwrap(), 0, "and the tenant ended with the transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_migrate_at_once_take_turns() {
    let (database, _) = database().await;
    database.superuser().await.batch_execute("DROP SCHEMA contacts, infra CASCADE").await.unwrap();
    let all = (0..4).map(|_| db::migrate(&database.owner_url, Service::Contacts, THINGS));
    for done in futures_util::future::join_all(all).await {
        done.unwrap();
    }
    let db = database.connect(&runtime()).await;
    assert!(db::schema_is_current(&db, THINGS).await.unwrap());
    put(&db, tenant(1), &[1]).await;
}
