use crate::support::{DAY, Platform, bare, copy_of, people, tenant};
use keyring::domain::holder::{Kind, Known};
use keyring::error::Error;
use keyring::ops::Turned;
use seal::{FileKeyWrapper, KeyWrapper};

async fn roots(platform: &Platform) -> Vec<u64> {
    FileKeyWrapper::open(platform.roots.path()).expect("the folder is there").roots().await.expect("the folder can be read")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_opens_after_the_turn_and_the_old_root_is_gone() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(600);
    let before = [bare(&process.create(tenant(1), &ids).await), bare(&process.create(tenant(2), &ids[..3]).await)];
    let index = process.store.index_keys(tenant(1), &["email".to_owned()]).await.unwrap();
    assert_eq!(roots(&platform).await, [20_513]);
    platform.pass(DAY);
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_514]);
    assert_eq!(process.published(kernel::TenantId::HOUSE).await, ["keyring.root_destroyed"]);
    let fresh = platform.process().await;
    assert_eq!(bare(&fresh.release(tenant(1), &ids).await), before[0]);
    assert_eq!(bare(&fresh.release(tenant(2), &ids[..3]).await), before[1]);
    assert_eq!(fresh.store.index_keys(tenant(1), &["email".to_owned()]).await.unwrap()[0].as_bytes(), index[0].as_bytes());
    let house = kernel::TenantId::HOUSE;
    assert_eq!(fresh.count(house, "SELECT count(*) AS count FROM keyring.retired_epochs WHERE destroyed_at_us IS NOT NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_before_the_end_of_the_epoch() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    process.create(tenant(1), &people(1)).await;
    platform.pass(14 * 3_600 - 1);
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_513]);
    platform.pass(1);
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_514]);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_asleep_are_one_turn() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(5);
    let before = bare(&process.create(tenant(1), &ids).await);
    platform.pass(40 * DAY);
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_553]);
    assert_eq!(bare(&process.release(tenant(1), &ids).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_cannot_be_moved_keeps_the_old_root_alive() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(3);
    let before = bare(&process.create(tenant(1), &ids).await);
    process.create(tenant(2), &ids).await;
    let good = damage(&process, 2).await;
    platform.pass(DAY);
    let fresh = platform.process_before_its_first_turn().await;
    assert_eq!(fresh.store.turn().await.unwrap(), Turned::Again);
    assert_eq!(roots(&platform).await, [20_513, 20_514], "the damaged tenant's keys still hang on the old root");
    assert_eq!(bare(&fresh.release(tenant(1), &ids).await), before, "the others go on");
    repair(&process, 2, good).await;
    fresh.turn().await;
    assert_eq!(roots(&platform).await, [20_514]);
    assert!(bare(&fresh.release(tenant(2), &ids).await).iter().all(|known| matches!(known, Known::Live(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_died_goes_on_in_another_process() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(20);
    let before = bare(&process.create(tenant(1), &ids).await);
    process.create(tenant(2), &ids).await;
    let good = damage(&process, 2).await;
    platform.pass(DAY);
    // Stops half-way: the epoch has begun, one tenant is moved, the other is not.
    assert_eq!(platform.process_before_its_first_turn().await.store.turn().await.unwrap(), Turned::Again);
    let late = people(2);
    let made = bare(&process.store.create(tenant(2), Kind::Import, &late).await.unwrap());
    repair(&process, 2, good).await;
    let next = platform.process().await;
    assert_eq!(roots(&platform).await, [20_514]);
    assert_eq!(bare(&next.release(tenant(1), &ids).await), before);
    assert_eq!(bare(&next.store.release(tenant(2), Kind::Import, &late).await.unwrap()), made, "what was made half-way");
    assert_eq!(process.count(tenant(2), "SELECT count(DISTINCT epoch) AS count FROM keyring.buckets").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_while_two_keyrings_turn() {
    let platform = Platform::start().await;
    let (one, two) = (platform.process().await, platform.process().await);
    let ids = people(300);
    let before = bare(&one.create(tenant(1), &ids).await);
    for _ in 0..4 {
        platform.pass(DAY);
        let fresh = people(300);
        let (first, second, made, _) = tokio::join!(
            one.store.turn(),
            two.store.turn(),
            two.create(tenant(1), &fresh),
            one.create(kernel::TenantId::from(fresh[0]), &fresh)
        );
        first.unwrap();
        second.unwrap();
        while one.store.turn().await.unwrap() == Turned::Again {}
        assert_eq!(roots(&platform).await.len(), 1);
        assert_eq!(bare(&two.release(tenant(1), &fresh).await), bare(&made));
        assert_eq!(bare(&two.release(tenant(1), &ids).await), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_whose_maker_died_before_the_row_is_used_or_swept() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let wrapper = FileKeyWrapper::open(platform.roots.path()).unwrap();
    wrapper.create_root(20_514).await.unwrap();
    wrapper.create_root(20_515).await.unwrap();
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_513, 20_514, 20_515], "a root of the future may be somebody's first step");
    platform.pass(2 * DAY);
    process.turn().await;
    assert_eq!(roots(&platform).await, [20_515]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_roots_nothing_opens() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(2);
    process.create(tenant(1), &ids).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let blind = platform.process_with_roots(elsewhere.path()).await;
    let asked = blind.store.release(tenant(1), Kind::Subject, &ids).await;
    assert!(matches!(asked, Err(Error::Roots(_))));
    let copied = copy_of(platform.roots.path());
    let seeing = platform.process_with_roots(copied.path()).await;
    assert_eq!(bare(&seeing.release(tenant(1), &ids).await), bare(&process.release(tenant(1), &ids).await));
}

/// Makes a tenant's buckets unopenable; answers what stood there.
async fn damage(process: &crate::support::Process, number: u128) -> Vec<(uuid::Uuid, Vec<u8>)> {
    let good = crate::support::Copy::of(process, tenant(number)).await.buckets;
    process.write_buckets(tenant(number), good.iter().map(|(id, wrapped)| (*id, vec![0; wrapped.len()])).collect()).await;
    good
}

async fn repair(process: &crate::support::Process, number: u128, good: Vec<(uuid::Uuid, Vec<u8>)>) {
    process.write_buckets(tenant(number), good).await;
}
