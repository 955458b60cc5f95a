//! What becomes of what the server says.

use crate::world::{database, put, tenant, values};
use db::{DbError, TenantTx};
use diesel_async::SimpleAsyncConnection as _;
use std::error::Error as _;

const CANARY: &str = "grace.hopper@canary.example";

async fn failure(sql: &str) -> DbError {
    let (_, db) = database().await;
    put(&db, tenant(1), &[1]).await;
    let failed: Result<(), DbError> =
        db.tx(tenant(1), "test.fails", async |tx: &mut TenantTx| Ok(tx.conn().batch_execute(sql).await?)).await;
    assert_eq!(values(&db, tenant(1)).await, [(1, 0)], "nothing of it took effect");
    failed.unwrap_err()
}

#[tokio::test]
async fn an_error_says_what_was_wrong_and_repeats_nothing_that_was_sent() {
    for sql in
        [format!("SELECT '{CANARY}'::uuid"), format!("SELECT '{CANARY}'::integer"), format!("UPDATE contacts.things SET \"{CANARY}\" = 1")]
    {
        let error = failure(&sql).await;
        let texts = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(matches!(error, DbError::Query(_)) && !texts.contains("canary"), "{texts}");
        assert!(texts.contains("invalid input syntax") || texts.contains("does not exist"), "{texts}");
    }
    let error = failure(&format!("INSERT INTO contacts.things (tenant_id, id, value) VALUES ('{}', 2, NULL)", tenant(1))).await;
    assert!(error.source().unwrap().to_string().contains("things, value"), "the column is named: {error:?}");
}

#[tokio::test]
async fn what_the_server_ends_because_it_took_too_long_is_busy() {
    let slow = failure("SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(10)").await;
    assert!(matches!(slow, DbError::Busy), "{slow:?}");
}
