//! The promise: from `unrecoverable_by` on, no copy of the key store opens a shredded person's key, not even together with today's tables and roots.

use crate::support::{Copy, DAY, Platform, bare, copy_of, people, tenant};
use kernel::TenantId;
use keyring::domain::holder::Known;
use seal::{BucketKey, EpochKey, FileKeyWrapper, KeyWrapper, wrap};
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// Whoever can be opened with these rows and these roots, when every wrapped key is tried under every key above it.
async fn openable(rows: &Copy, folders: &[&Path], tenant: TenantId) -> BTreeSet<Uuid> {
    let mut above: Vec<EpochKey> = Vec::new();
    for folder in folders {
        let roots = FileKeyWrapper::open(*folder).expect("the folder is there");
        for root in roots.roots().await.expect("the folder can be read") {
            for (_, wrapped) in &rows.epochs {
                above.extend(wrap::unwrap_epoch_key(&roots, root, tenant, wrapped).await.ok());
            }
        }
    }
    let tries = |(id, wrapped): &(Uuid, Vec<u8>)| {
        let opened: Vec<(Uuid, BucketKey)> =
            above.iter().filter_map(|above| wrap::unwrap_bucket_key(above, tenant, *id, wrapped).ok()).map(|key| (*id, key)).collect();
        opened
    };
    let buckets: Vec<(Uuid, BucketKey)> = rows.buckets.iter().flat_map(tries).collect();
    let opens = |(holder, bucket, wrapped): &(Uuid, Uuid, Vec<u8>)| {
        buckets
            .iter()
            .any(|(id, key)| id == bucket && wrap::unwrap_subject_key(key, tenant, *bucket, *holder, wrapped).is_ok())
            .then_some(*holder)
    };
    rows.holders.iter().filter_map(opens).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_shredding_and_the_end_of_the_epoch_no_copy_opens_the_person() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let acme = tenant(1);
    let ids = people(300);
    let keys = bare(&process.create(acme, &ids).await);
    let (victim, survivors): (Uuid, BTreeSet<Uuid>) = (ids[42], ids.iter().copied().filter(|id| *id != ids[42]).collect());

    let last_hour = Copy::of(&process, acme).await;
    let last_hours_roots = copy_of(platform.roots.path());
    let erasure = process.shred(acme, victim).await;

    // The key store of now, alone, has lost the person at once; the copy from before still opens with the roots of now: the epoch has not ended.
    let now = Copy::of(&process, acme).await;
    let roots = platform.roots.path();
    assert_eq!(openable(&now, &[roots], acme).await, survivors);
    assert!(openable(&last_hour, &[roots], acme).await.contains(&victim), "the promise begins at the end of the epoch, and not before");

    platform.pass(DAY);
    assert!(platform.now_us() >= erasure.unrecoverable_by_us);
    process.turn().await;
    let today = Copy::of(&process, acme).await;

    assert_eq!(openable(&today, &[roots], acme).await, survivors, "the living live");
    assert_eq!(openable(&last_hour, &[roots], acme).await, BTreeSet::new(), "the copy opens nothing with today's roots");
    assert_eq!(openable(&now, &[roots], acme).await, BTreeSet::new());
    let everything = last_hour.and(&now).and(&today);
    assert_eq!(openable(&everything, &[roots], acme).await, survivors, "nor do all copies together");

    // Positive control: the search finds the person where the roots were copied too.
    assert_eq!(openable(&last_hour, &[last_hours_roots.path()], acme).await, ids.iter().copied().collect());
    assert!(openable(&everything, &[roots, last_hours_roots.path()], acme).await.contains(&victim));

    let after = bare(&process.release(acme, &ids).await);
    assert_eq!(after[42], Known::Shredded);
    assert!((0..300).filter(|at| *at != 42).all(|at| after[at] == keys[at]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_shredded_after_the_end_of_an_epoch_but_before_its_turn_is_promised_the_next_end() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let acme = tenant(1);
    let ids = people(4);
    process.create(acme, &ids).await;
    platform.pass(DAY);
    let copy = Copy::of(&process, acme).await;
    let erasure = process.shred(acme, ids[0]).await;
    let second_end = "2026-03-03T00:00:00Z".parse::<kernel::Timestamp>().map(kernel::micros).unwrap();
    assert_eq!(erasure.unrecoverable_by_us, second_end);
    process.turn().await;
    assert!(openable(&copy, &[platform.roots.path()], acme).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_between_two_turns_opens_until_the_promised_end_and_not_after() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let acme = tenant(1);
    let ids = people(4);
    process.create(acme, &ids).await;
    platform.pass(DAY);
    process.turn().await;
    let copy = Copy::of(&process, acme).await;
    let erasure = process.shred(acme, ids[0]).await;
    let left = (erasure.unrecoverable_by_us - platform.now_us()) / 1_000_000;
    platform.pass(left - 1);
    process.turn().await;
    assert!(openable(&copy, &[platform.roots.path()], acme).await.contains(&ids[0]));
    platform.pass(1);
    process.turn().await;
    assert!(openable(&copy, &[platform.roots.path()], acme).await.is_empty());
}
