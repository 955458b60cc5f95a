use crate::support::{DAY, Platform, bare, people, tenant};
use keyring::domain::holder::{Kind, Known};
use keyring::ops::Destroyed;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn the_shredded_is_gone_and_the_survivors_keep_their_keys() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(256);
    let before = bare(&process.create(tenant(1), &ids).await);
    let erasure = process.shred(tenant(1), ids[100]).await;
    assert_eq!(erasure.erased, 1);
    assert_eq!(erasure.at_us, platform.now_us());
    assert_eq!(erasure.unrecoverable_by_us, "2026-03-02T00:00:00Z".parse::<kernel::Timestamp>().map(kernel::micros).unwrap());
    let after = bare(&process.release(tenant(1), &ids).await);
    assert_eq!(after[100], Known::Shredded);
    assert!((0..256).filter(|at| *at != 100).all(|at| after[at] == before[at]));
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.holders").await, 255);
    assert_eq!(process.count(tenant(1), "SELECT live::bigint AS count FROM keyring.buckets").await, 255);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_shredded_never_comes_back() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(2);
    process.create(tenant(1), &ids).await;
    process.shred(tenant(1), ids[0]).await;
    assert_eq!(bare(&process.create(tenant(1), &ids).await)[0], Known::Shredded);
    let never_made = Uuid::new_v4();
    assert_eq!(process.shred(tenant(1), never_made).await.erased, 0);
    assert_eq!(bare(&process.create(tenant(1), &[never_made]).await), [Known::Shredded]);
    platform.pass(DAY);
    process.turn().await;
    assert_eq!(bare(&process.create(tenant(1), &[ids[0], never_made]).await), [Known::Shredded, Known::Shredded]);
}

#[tokio::test(flavor = "multi_thread")]
async fn shredding_again_changes_nothing() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let id = people(1)[0];
    process.create(tenant(1), &[id]).await;
    let first = process.shred(tenant(1), id).await;
    platform.pass(3_600);
    let again = process.shred(tenant(1), id).await;
    assert_eq!((again.at_us, again.unrecoverable_by_us, again.erased), (first.at_us, first.unrecoverable_by_us, 0));
    assert_eq!(
        process.count(tenant(1), "SELECT count(*) AS count FROM keyring.buckets").await,
        0,
        "an empty bucket goes with its last holder"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn between_ledger_and_rekey_nobody_gets_the_key_and_the_next_process_finishes() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(10);
    let before = bare(&process.create(tenant(1), &ids).await);
    process.store.record(tenant(1), Kind::Subject, ids[3], Some(Uuid::from_u128(5))).await.unwrap();
    // The process dies here: the ledger stands, the key is still there.
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.holders").await, 10);
    let next = platform.process().await;
    assert_eq!(bare(&next.release(tenant(1), &ids).await)[3], Known::Shredded);
    assert_eq!(bare(&next.create(tenant(1), &ids).await)[3], Known::Shredded);
    assert_eq!(next.store.sweep().await.unwrap(), 1);
    assert_eq!(next.store.sweep().await.unwrap(), 0);
    assert_eq!(next.count(tenant(1), "SELECT count(*) AS count FROM keyring.holders").await, 9);
    assert_eq!(next.count(tenant(1), "SELECT count(*) AS count FROM keyring.ledger WHERE state = 'shredded'").await, 1);
    let after = bare(&process.release(tenant(1), &ids).await);
    assert!(next.published(tenant(1)).await.contains(&"keyring.outcomes RightsOutcome".to_owned()), "the case is answered");
    assert!((0..10).filter(|at| *at != 3).all(|at| after[at] == before[at]), "also the process that still remembers the old bucket key");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keyrings_shred_and_read_one_bucket_at_once() {
    let platform = Platform::start().await;
    let (one, two) = (platform.process().await, platform.process().await);
    let ids = people(60);
    let before = bare(&one.create(tenant(1), &ids).await);
    two.release(tenant(1), &ids).await;
    for round in 0..10 {
        let (left, right) = (ids[round], ids[round + 10]);
        let (_, _, seen) = tokio::join!(one.shred(tenant(1), left), two.shred(tenant(1), right), two.release(tenant(1), &ids));
        assert!(bare(&seen).iter().zip(&before).all(|(seen, before)| seen == before || *seen == Known::Shredded));
    }
    for process in [&one, &two] {
        let after = bare(&process.release(tenant(1), &ids).await);
        assert!(after[..20].iter().all(|known| *known == Known::Shredded));
        assert_eq!(after[20..], before[20..]);
    }
    assert_eq!(one.count(tenant(1), "SELECT live::bigint AS count FROM keyring.buckets").await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_made_and_shredded_at_once_is_shredded() {
    let platform = Platform::start().await;
    let (one, two) = (platform.process().await, platform.process().await);
    one.create(tenant(1), &people(5)).await;
    for _ in 0..30 {
        let id = Uuid::new_v4();
        let ids = [people(20), vec![id]].concat();
        tokio::join!(one.create(tenant(1), &ids), two.shred(tenant(1), id));
        assert_eq!(bare(&one.release(tenant(1), &[id]).await), [Known::Shredded]);
    }
    let both = "SELECT count(*) AS count FROM keyring.holders JOIN keyring.ledger USING (tenant_id, holder_id)";
    assert_eq!(one.count(tenant(1), both).await, 0, "nobody in the ledger has a key");
    let miscounted = "SELECT count(*) AS count FROM keyring.buckets WHERE live <> (SELECT count(*) FROM keyring.holders WHERE holders.bucket_id = buckets.bucket_id)";
    assert_eq!(one.count(tenant(1), miscounted).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imports_key_ends_on_request_and_a_persons_does_not() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (import, person) = (Uuid::new_v4(), people(1)[0]);
    process.store.create(tenant(1), Kind::Import, &[import]).await.unwrap();
    let before = bare(&process.create(tenant(1), &[person]).await);
    assert!(
        matches!(process.store.destroy(tenant(1), Kind::Import, import).await.unwrap(), Destroyed::Gone(erasure) if erasure.erased == 1)
    );
    assert_eq!(bare(&process.store.create(tenant(1), Kind::Import, &[import]).await.unwrap()), [Known::Shredded]);
    assert_eq!(process.store.destroy(tenant(1), Kind::Import, person).await.unwrap(), Destroyed::OtherKind);
    assert_eq!(bare(&process.release(tenant(1), &[person]).await), before);
}
