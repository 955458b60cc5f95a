//! Transactions that get in each other's way run again; others do not.

use crate::world::{add, database, put, tenant, values};
use db::{DbError, TenantTx, idempotency, inbox};
use diesel_async::SimpleAsyncConnection as _;
use kernel::EventId;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Barrier;

#[tokio::test(flavor = "multi_thread")]
async fn two_that_lock_each_other_out_both_have_their_effect_once() {
    let (_, db) = database().await;
    put(&db, tenant(1), &[1, 2]).await;
    let both_hold_one = Barrier::new(2);
    let (meet, begun) = (&both_hold_one, &AtomicU32::new(0));
    let change = |first: i32, second: i32| {
        let db = db.clone();
        async move {
            let done: Result<(), DbError> = db
                .tx(tenant(1), "test.crossed", async |tx: &mut TenantTx| {
                    add(tx, first).await?;
                    if begun.fetch_add(1, Ordering::SeqCst) < 2 {
                        meet.wait().await;
                    }
                    Ok(add(tx, second).await?)
                })
                .await;
            done.unwrap();
        }
    };
    tokio::join!(change(1, 2), change(2, 1));
    assert_eq!(begun.load(Ordering::SeqCst), 3, "PostgreSQL ended one of them, and that one ran again");
    assert_eq!(values(&db, tenant(1)).await, [(1, 2), (2, 2)]);
}

/// How often a transaction runs that fails with this SQLSTATE each time, and what comes of it.
async fn runs(sqlstate: &str) -> (u32, DbError) {
    let (_, db) = database().await;
    let (runs, fail) = (AtomicU32::new(0), format!("DO $$ BEGIN RAISE EXCEPTION 'never' USING ERRCODE = '{sqlstate}'; END $$"));
    let (count, failing) = (&runs, fail.as_str());
    let failed: Result<(), DbError> = db
        .tx(tenant(1), "test.fails", async |tx: &mut TenantTx| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(tx.conn().batch_execute(failing).await?)
        })
        .await;
    (runs.into_inner(), failed.unwrap_err())
}

#[tokio::test]
async fn one_that_never_succeeds_is_given_up_and_an_ordinary_failure_is_not_tried_again() {
    let (count, error) = runs("40001").await;
    assert_eq!(count, 5, "it runs five times");
    assert!(matches!(error, DbError::Again), "{error:?}");
    let (count, error) = runs("22012").await;
    assert_eq!(count, 1, "a division by zero stays one");
    assert!(matches!(error, DbError::Query(_)), "{error:?}");
}

#[tokio::test]
async fn an_event_has_its_effect_once_for_each_consumer() {
    let (_, db) = database().await;
    let ids: Vec<EventId> = (1..=3).map(|number| EventId::from(uuid::Uuid::from_u128(number))).collect();
    let hear = async |consumer: &'static str, ids: &[EventId], keep: bool| {
        let heard: Result<usize, DbError> = db
            .tx(tenant(1), "test.hear", async |tx: &mut TenantTx| {
                let new = inbox::first_times(tx, consumer, ids).await?.len();
                if keep { Ok(new) } else { Err(DbError::NotFound) }
            })
            .await;
        heard.unwrap_or(0)
    };
    assert_eq!(hear("one", &ids[..2], false).await, 0, "a transaction that fails has met nothing");
    assert_eq!(hear("one", &ids[..2], true).await, 2);
    assert_eq!(hear("one", &ids, true).await, 1, "only the third is new");
    assert_eq!(hear("other", &ids, true).await, 3, "for somebody else they all are");
}

#[tokio::test]
async fn a_key_that_comes_again_has_the_first_answer_and_another_body_is_refused() {
    let (_, db) = database().await;
    let claim = async |body: &'static [u8], finish: Option<u16>| {
        let claimed: Result<idempotency::Claim, DbError> = db
            .tx(tenant(1), "test.claim", async |tx: &mut TenantTx| {
                let claim = idempotency::claim(tx, "key", body).await?;
                match finish {
                    Some(status) => idempotency::finish(tx, "key", status, None).await?,
                    None => return Err(DbError::NotFound),
                }
                Ok(claim)
            })
            .await;
        claimed.ok()
    };
    assert_eq!(claim(b"body", None).await, None, "a request that fails has claimed nothing");
    assert_eq!(claim(b"body", Some(201)).await, Some(idempotency::Claim::First));
    assert_eq!(claim(b"body", Some(201)).await, Some(idempotency::Claim::Done { status: 201, resource: None }));
    assert_eq!(claim(b"other", Some(201)).await, Some(idempotency::Claim::OtherBody));
}
