use crate::support::{Platform, people, tenant};
use db::TenantTx;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use keyring::error::Error;

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_only_grows() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let id = people(1)[0];
    process.create(tenant(1), &[id]).await;
    process.shred(tenant(1), id).await;
    for wrong in [
        "DELETE FROM keyring.ledger",
        "UPDATE keyring.ledger SET state = 'recorded', shredded_at_us = NULL, unrecoverable_by_us = NULL",
        "UPDATE keyring.ledger SET unrecoverable_by_us = 1",
        "UPDATE keyring.ledger SET holder_id = gen_random_uuid()",
        "TRUNCATE keyring.ledger",
    ] {
        let tried = process
            .db
            .tx(tenant(1), "test.wrong", async |tx: &mut TenantTx| Ok::<_, Error>(sql_query(wrong).execute(tx.conn()).await?))
            .await;
        assert!(tried.is_err(), "{wrong}");
    }
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.ledger WHERE state = 'shredded'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_sees_anothers_rows() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    process.create(tenant(1), &people(3)).await;
    for table in ["holders", "buckets", "tenant_epochs"] {
        let query: &'static str = Box::leak(format!("SELECT count(*) AS count FROM keyring.{table}").into_boxed_str());
        assert_eq!(process.count(tenant(2), query).await, 0, "{table}");
        assert!(process.count(tenant(1), query).await > 0, "{table}");
    }
    let faults = process
        .db
        .infra("test.faults", async |connection: &mut db::AsyncPgConnection| Ok::<_, Error>(db::row_security_faults(connection).await?))
        .await
        .unwrap();
    assert_eq!(faults, Vec::<String>::new());
}
