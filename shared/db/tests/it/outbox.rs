//! The outbox, when relays and writers get in each other's way.

use crate::world::{database, sessions, tenant};
use db::outbox::{Relayed, relay_batch};
use db::{Db, DbError, TenantTx};
use events::contacts::ContactChanged;
use events::{Outgoing, topics};
use kernel::Clock;
use testkit::until;
use tokio::sync::oneshot;

fn change(number: i64) -> Outgoing {
    let body = ContactChanged { version: number, ..ContactChanged::default() };
    Outgoing::new(&topics::CONTACT_CHANGES, b"key", tenant(1), &testkit::clock(), &body)
}

async fn commit(db: &Db, number: i64) {
    let done: Result<(), DbError> = db
        .tx(tenant(1), "test.publish", async |tx: &mut TenantTx| {
            tx.publish(change(number));
            Ok(())
        })
        .await;
    done.unwrap();
}

/// Relays once; the ids of what was handed over.
async fn relay(db: &Db) -> (Vec<uuid::Uuid>, Result<Relayed, DbError>) {
    let mut ids = Vec::new();
    let relayed = relay_batch(db, 10, async |events: Vec<Outgoing>| {
        ids.extend(events.iter().map(|event| event.event_id.uuid()));
        Ok::<_, DbError>(Vec::new())
    });
    let relayed = relayed.await;
    (ids, relayed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lost_its_connection_is_overtaken_and_nothing_is_lost() {
    let (database, db) = database().await;
    commit(&db, 1).await;
    commit(&db, 2).await;
    let (go_on, wait) = oneshot::channel::<()>();
    let (handed, holding) = oneshot::channel();
    let slow = db.clone();
    let first = tokio::spawn(async move {
        relay_batch(&slow, 10, async |events: Vec<Outgoing>| {
            handed.send(events.iter().map(|event| event.event_id.uuid()).collect::<Vec<_>>()).unwrap();
            wait.await.unwrap();
            Ok::<_, DbError>(Vec::new())
        })
        .await
    });
    let handed_over = holding.await.unwrap();
    assert_eq!(handed_over.len(), 2);
    let (nothing, while_held) = relay(&db).await;
    assert_eq!((nothing.len(), while_held.unwrap()), (0, Relayed { rows: 0, published_until: None }), "one relay at a time");
    // What the server does of its own accord when a process is frozen with a transaction open.
    let superuser = database.superuser().await;
    for (pid, state) in sessions(&database).await {
        if state == "idle in transaction" {
            superuser.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
        }
    }
    let taken_over = std::sync::Mutex::new(Vec::new());
    until("another relay has taken over", || async {
        let (ids, _) = relay(&db).await;
        let any = !ids.is_empty();
        taken_over.lock().unwrap().extend(ids);
        any
    })
    .await;
    assert_eq!(*taken_over.lock().unwrap(), handed_over, "the same events, in the same order");
    go_on.send(()).unwrap();
    assert!(first.await.unwrap().is_err(), "the first is told that it did not commit");
    let (nothing, done) = relay(&db).await;
    assert_eq!((nothing.len(), done.unwrap().rows), (0, 0));
}

#[tokio::test]
async fn what_could_not_be_handed_over_is_there_still_and_what_cannot_be_read_is_put_aside() {
    let (database, db) = database().await;
    let superuser = database.superuser().await;
    superuser.execute("INSERT INTO infra.outbox (batch, created_at) VALUES ('no batch', now())", &[]).await.unwrap();
    commit(&db, 1).await;
    let failed = relay_batch(&db, 10, async |_: Vec<Outgoing>| Err(DbError::Unavailable)).await;
    assert!(failed.is_err());
    let (handed_over, relayed) = relay(&db).await;
    assert_eq!(handed_over.len(), 1, "the unreadable row stops nothing behind it");
    assert_eq!(relayed.unwrap().rows, 2);
    let aside: i64 = superuser.query_one("SELECT count(*) FROM infra.outbox_dead WHERE batch = 'no batch'", &[]).await.unwrap().get(0);
    assert_eq!(aside, 1);
}

#[tokio::test]
async fn what_the_broker_refuses_for_ever_is_put_aside_and_the_rest_is_forgotten() {
    let (database, db) = database().await;
    let (refused, kept) = (change(1), change(2));
    let done: Result<(), DbError> = db
        .tx(tenant(1), "test.publish", async |tx: &mut TenantTx| {
            tx.publish(refused.clone());
            tx.publish(kept.clone());
            Ok(())
        })
        .await;
    done.unwrap();
    commit(&db, 3).await;
    let relayed = relay_batch(&db, 10, async |_: Vec<Outgoing>| Ok::<_, DbError>(vec![refused.event_id])).await.unwrap();
    assert!(relayed.rows == 2 && relayed.published_until.is_some(), "nothing is left to be published");
    let aside = database.superuser().await.query("SELECT batch FROM infra.outbox_dead", &[]).await.unwrap();
    let aside: Vec<_> = aside.iter().flat_map(|row| events::outbox::decode(row.get(0)).unwrap()).map(|event| event.event_id).collect();
    assert_eq!(aside, [refused.event_id]);
    assert!(relay(&db).await.0.is_empty());
}

#[tokio::test]
async fn a_round_ends_where_its_bytes_do_and_says_that_more_is_left() {
    let (_, db) = database().await;
    for number in 0..3 {
        let done: Result<(), DbError> = db
            .tx(tenant(1), "test.publish", async |tx: &mut TenantTx| {
                tx.publish(Outgoing { data: Some(vec![7; 5 << 20]), ..change(number) });
                Ok(())
            })
            .await;
        done.unwrap();
    }
    let (first, relayed) = relay(&db).await;
    assert_eq!((first.len(), relayed.unwrap()), (2, Relayed { rows: 2, published_until: None }));
    let (second, relayed) = relay(&db).await;
    assert!(second.len() == 1 && relayed.unwrap().published_until.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_never_passes_a_writer_that_has_not_committed() {
    let (_, db) = database().await;
    let (begun, has_begun) = oneshot::channel::<()>();
    let (go_on, wait) = oneshot::channel::<()>();
    let (begun, wait) = (std::sync::Mutex::new(Some(begun)), tokio::sync::Mutex::new(Some(wait)));
    let writer = db.clone();
    let writing = tokio::spawn(async move {
        let (begun, wait) = (&begun, &wait);
        let done: Result<(), DbError> = writer
            .tx(tenant(1), "test.slow", async |tx: &mut TenantTx| {
                tx.publish(change(1));
                begun.lock().unwrap().take().unwrap().send(()).unwrap();
                wait.lock().await.take().unwrap().await.unwrap();
                Ok(())
            })
            .await;
        done.unwrap();
    });
    has_begun.await.unwrap();
    let after_it_began = Clock::real_now();
    let (_, relayed) = relay(&db).await;
    assert!(relayed.unwrap().published_until.unwrap() <= after_it_began, "the writer is older than this and not published");
    go_on.send(()).unwrap();
    writing.await.unwrap();
    let (handed_over, relayed) = relay(&db).await;
    assert_eq!(handed_over.len(), 1);
    assert!(relayed.unwrap().published_until.unwrap() >= after_it_began, "now it may pass");
}
