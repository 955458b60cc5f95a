//! The read journal: what `record` says is kept is committed, and openings at the same time share a commit.

use crate::world::{database, tenant};
use events::platform::ReadRecord;
use events::{Outgoing, outbox, topics};
use futures_util::future::join_all;
use kernel::Service;
use std::collections::BTreeSet;
use testkit::until;

const READERS: u8 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn openings_at_the_same_time_share_a_commit_and_each_is_committed_when_it_is_said_to_be() {
    let (database, db) = database().await;
    let mut holder = database.superuser().await;
    let lock = holder.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE infra.outbox IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reading = tokio::spawn({
        let db = db.clone();
        async move {
            let records: Vec<_> = (0..READERS).map(|id| ReadRecord { read_id: vec![id; 16], ..ReadRecord::default() }).collect();
            join_all(records.iter().map(|record| db.journal().record(tenant(1), record))).await
        }
    });
    let watcher = database.superuser().await;
    until("the first of them waits for the table", || async {
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'infra.outbox'::regclass";
        watcher.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
    assert!(!reading.is_finished(), "nobody is told before it is committed");
    lock.commit().await.unwrap();
    assert!(reading.await.unwrap().iter().all(Result::is_ok));
    let rows = watcher.query("SELECT batch FROM infra.outbox", &[]).await.unwrap();
    let events: Vec<Outgoing> = rows.iter().flat_map(|row| outbox::decode(row.get(0)).unwrap()).collect();
    assert!(events.iter().all(|event| event.topic == topics::reads(Service::Contacts).name));
    let kept: BTreeSet<Vec<u8>> = events.into_iter().map(|event| event.key).collect();
    assert_eq!(kept, (0..READERS).map(|id| vec![id; 16]).collect(), "each of them once");
    assert!(rows.len() <= 3, "{} commits for {READERS} openings", rows.len());
}
