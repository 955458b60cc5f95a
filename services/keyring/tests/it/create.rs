use crate::support::{Platform, bare, people, tenant};
use keyring::domain::holder::{Kind, Known};
use std::collections::HashSet;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_answers_the_same_keys_in_the_order_asked() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(700);
    let made = bare(&process.create(tenant(1), &ids).await);
    assert!(made.iter().all(|known| matches!(known, Known::Live(_))));
    let mut backwards = ids.clone();
    backwards.reverse();
    let mut again = bare(&process.create(tenant(1), &backwards).await);
    again.reverse();
    assert_eq!(again, made);
    assert_eq!(bare(&process.release(tenant(1), &ids).await), made);
    let different: HashSet<_> = made.iter().map(|known| format!("{known:?}")).collect();
    assert_eq!(different.len(), 700, "nobody shares a key");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_named_twice_in_a_request_has_one_key() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let one = Uuid::new_v4();
    let keys = bare(&process.create(tenant(1), &[one, one, Uuid::new_v4()]).await);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.holders").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_filled_and_counted() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    for count in [1, 254, 3, 600, 40] {
        process.create(tenant(1), &people(count)).await;
    }
    let miscounted = "SELECT count(*) AS count FROM keyring.buckets WHERE live <> (SELECT count(*) FROM keyring.holders WHERE holders.bucket_id = buckets.bucket_id)";
    assert_eq!(process.count(tenant(1), miscounted).await, 0);
    assert_eq!(process.count(tenant(1), "SELECT max(live)::bigint AS count FROM keyring.buckets").await, 256);
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.buckets").await, 4, "898 people need four buckets");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_made_in_one_request() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(5_000);
    let made = bare(&process.create(tenant(1), &ids).await);
    assert_eq!(bare(&process.release(tenant(1), &ids).await), made);
    assert_eq!(process.count(tenant(1), "SELECT count(*) AS count FROM keyring.buckets").await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keyrings_that_make_the_same_people_at_once_agree() {
    let platform = Platform::start().await;
    let (one, two) = (platform.process().await, platform.process().await);
    for _ in 0..8 {
        let ids = people(300);
        let mut shuffled = ids.clone();
        shuffled.rotate_left(137);
        let (first, mut second) = tokio::join!(one.create(tenant(1), &ids), two.create(tenant(1), &shuffled));
        second.rotate_right(137);
        assert_eq!(bare(&first), bare(&second));
        assert_eq!(bare(&first), bare(&one.release(tenant(1), &ids).await));
    }
    let miscounted = "SELECT count(*) AS count FROM keyring.buckets WHERE live <> (SELECT count(*) FROM keyring.holders WHERE holders.bucket_id = buckets.bucket_id)";
    assert_eq!(one.count(tenant(1), miscounted).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_kinds_are_apart() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let ids = people(3);
    let mine = bare(&process.create(tenant(1), &ids).await);
    assert_eq!(bare(&process.release(tenant(2), &ids).await), vec![Known::Unknown; 3]);
    let theirs = bare(&process.create(tenant(2), &ids).await);
    assert!(mine.iter().zip(&theirs).all(|(mine, theirs)| mine != theirs));
    let as_imports = process.store.release(tenant(1), Kind::Import, &ids).await.unwrap();
    assert_eq!(bare(&as_imports), vec![Known::Unknown; 3]);
    let as_imports = process.store.create(tenant(1), Kind::Import, &ids).await.unwrap();
    assert_eq!(bare(&as_imports), vec![Known::Unknown; 3], "an id has one kind for ever");
    assert_eq!(bare(&process.release(tenant(1), &ids).await), mine);
}

#[tokio::test(flavor = "multi_thread")]
async fn index_keys_are_made_once_and_are_different_for_each_field_and_tenant() {
    let platform = Platform::start().await;
    let (one, two) = (platform.process().await, platform.process().await);
    let fields = ["email".to_owned(), "suppression".to_owned()];
    let (first, second) = tokio::join!(one.store.index_keys(tenant(1), &fields), two.store.index_keys(tenant(1), &fields));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.iter().zip(&second).all(|(one, two)| one.as_bytes() == two.as_bytes()));
    assert_ne!(first[0].as_bytes(), first[1].as_bytes());
    let other = one.store.index_keys(tenant(2), &fields).await.unwrap();
    assert_ne!(first[0].as_bytes(), other[0].as_bytes());
}
