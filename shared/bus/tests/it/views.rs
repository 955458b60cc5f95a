use crate::world::{alone, mark, producer, runtime, say_raw, watermark};
use bus::{Change, KafkaConfig, View, Views};
use events::consent::PersonState;
use events::identity::{Principal, Tenant};
use events::keyring::Shredded;
use events::{Outgoing, Topic, topics};
use kernel::{Clock, Service, TenantId, Timestamp, micros};
use runtime::Runtime;
use std::sync::Arc;
use std::time::Duration;
use testkit::until;

const LEASE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

fn person(key: u8, version: i64) -> Outgoing {
    let state = PersonState { subject_id: vec![key; 16], version, ..PersonState::default() };
    Outgoing::new(&topics::CONSENT_DECISIONS, &[key; 16], TenantId::HOUSE, &testkit::clock(), &state)
}

fn gone(key: u8) -> Outgoing {
    Outgoing::tombstone::<PersonState>(&topics::CONSENT_DECISIONS, &[key; 16], TenantId::HOUSE, &testkit::clock())
}

fn view<V: bus::State>(config: &KafkaConfig, topic: &'static Topic) -> (Runtime, Arc<View<V>>) {
    let runtime = runtime(Service::Contacts);
    let mut views = Views::new(&runtime, config);
    let view = views.add(topic);
    views.spawn().unwrap();
    (runtime, view)
}

async fn people(config: &KafkaConfig) -> (Runtime, Arc<View<PersonState>>) {
    let (runtime, view) = view(config, &topics::CONSENT_DECISIONS);
    until("the view is ready", || async { view.is_ready() }).await;
    (runtime, view)
}

fn version(view: &View<PersonState>, key: u8) -> Option<i64> {
    view.get(&[key; 16]).map(|state| state.version)
}

#[tokio::test]
async fn a_view_is_ready_when_it_knows_what_stood_in_the_topic_at_its_start() {
    let config = alone().await;
    let states: Vec<Outgoing> = (0..200).map(|key| person(key, 1)).chain((0..200).map(|key| person(key, 2))).collect();
    producer(&config).send(&states).await.unwrap();
    let (runtime, view) = people(&config).await;
    assert!((0..200).all(|key| version(&view, key) == Some(2)));
    assert_eq!(view.len(), 200);
    assert_eq!(runtime.unready(), [("consent.decisions", "consent.decisions has no watermark yet".to_owned())]);
    mark(&producer(&config), &topics::CONSENT_DECISIONS, 0).await;
    until("the service is ready", || async { runtime.unready().is_empty() }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_service_is_not_ready_before_its_views_are() {
    let config = alone().await;
    let runtime = runtime(Service::Contacts);
    let view = Views::new(&runtime, &config).add::<PersonState>(&topics::CONSENT_DECISIONS);
    assert!(!view.is_ready() && view.fresh(LEASE).is_err());
    assert_eq!(runtime.unready(), [("consent.decisions", "consent.decisions has not been read to its end".to_owned())]);
}

#[tokio::test]
async fn a_view_without_watermarks_is_stale_and_with_them_as_old_as_the_oldest() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    assert_eq!(view.fresh(LEASE).unwrap_err().topic, "consent.decisions");
    mark(&producer, &topics::CONSENT_DECISIONS, 0).await;
    until("the view is fresh", || async { view.fresh(LEASE).is_ok() }).await;
    let now = micros(Clock::real_now());
    producer.send(&[watermark(&topics::CONSENT_DECISIONS, 1, now - 60_000_000)]).await.unwrap();
    until("one partition is old", || async { view.fresh(LEASE).is_err() }).await;
    assert_eq!(view.watermark(), Some(Timestamp::from_microsecond(now - 60_000_000).unwrap()));
    assert!(view.fresh(Duration::from_secs(120)).is_ok());
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_view_grows_stale_when_nothing_is_heard_any_more() {
    let config = alone().await;
    let (runtime, view) = people(&config).await;
    mark(&producer(&config), &topics::CONSENT_DECISIONS, 0).await;
    let lease = Duration::from_secs(2);
    until("the view is fresh", || async { view.fresh(lease).is_ok() }).await;
    until("the view is stale", || async { view.fresh(lease).is_err() }).await;
    mark(&producer(&config), &topics::CONSENT_DECISIONS, 0).await;
    until("the view is fresh again", || async { view.fresh(lease).is_ok() }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_watermark_of_a_clock_that_is_far_ahead_is_not_believed_and_heals() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    mark(&producer, &topics::CONSENT_DECISIONS, 3_600).await;
    until("the marks are there", || async { view.watermark().is_some() }).await;
    assert!(view.fresh(LEASE).is_err());
    mark(&producer, &topics::CONSENT_DECISIONS, 0).await;
    until("the clock was set right", || async { view.fresh(LEASE).is_ok() }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_tombstone_removes_its_key_and_an_older_version_never_replaces_a_newer_one() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    producer.send(&[person(1, 5), person(2, 5), person(1, 4), person(2, 6), person(2, 6)]).await.unwrap();
    producer.send(&[person(3, 1), gone(3)]).await.unwrap();
    mark(&producer, &topics::CONSENT_DECISIONS, 0).await;
    until("all is taken in", || async { view.watermark().is_some() }).await;
    assert_eq!((version(&view, 1), version(&view, 2), version(&view, 3)), (Some(5), Some(6), None));
    runtime.shut_down().await;
}

#[tokio::test]
async fn whoever_waits_for_a_key_gets_it_as_soon_as_it_comes_and_whoever_listens_hears_of_each_change() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    let mut changes = view.changes();
    let waiting = view.clone();
    let waiting = tokio::spawn(async move { waiting.wait_for(&[9; 16], PATIENCE).await });
    producer.send(&[person(9, 3), person(9, 2), gone(9)]).await.unwrap();
    let key = [9; 16];
    assert_eq!(changes.recv().await, Ok(Change { key, version: Some(3) }));
    assert_eq!(changes.recv().await, Ok(Change { key, version: None }), "what was not taken in is no change");
    assert!(waiting.await.unwrap().is_none_or(|state| state.version == 3));
    assert_eq!(view.wait_for(&[8; 16], Duration::from_millis(1)).await, None);
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_read_allows_less_and_never_more() {
    let config = alone().await;
    let producer = producer(&config);
    let runtime = runtime(Service::Contacts);
    let mut views = Views::new(&runtime, &config);
    let people = views.add::<PersonState>(&topics::CONSENT_DECISIONS);
    let shredded = views.add::<Shredded>(&topics::SHREDDED);
    let principals = views.add::<Principal>(&topics::PRINCIPALS);
    views.spawn().unwrap();
    let principal = Principal { version: 1, ..Principal::default() };
    let principal = Outgoing::new(&topics::PRINCIPALS, &[1; 16], TenantId::HOUSE, &testkit::clock(), &principal);
    producer.send(&[person(1, 7), principal.clone()]).await.unwrap();
    until("all are known", || async { version(&people, 1).is_some() && principals.get(&[1; 16]).is_some() }).await;
    let broken = |event: Outgoing| Outgoing { data: Some(vec![0xff; 4]), ..event };
    let shred = Outgoing::new(&topics::SHREDDED, &[1; 16], TenantId::HOUSE, &testkit::clock(), &Shredded::default());
    producer.send(&[broken(person(1, 8)), broken(principal), broken(shred)]).await.unwrap();
    until("the person is restricted", || async { people.get(&[1; 16]).is_some_and(|state| state.restricted && state.suppressed) }).await;
    until("the key has no rights", || async { principals.get(&[1; 16]).is_none() }).await;
    until("the person counts as erased", || async { shredded.get(&[1; 16]).is_some() }).await;
    say_raw(&config, &topics::CONSENT_DECISIONS, &[2; 16], b"what is this").await;
    until("so is one without an envelope", || async { people.get(&[2; 16]).is_some_and(|state| state.restricted) }).await;
    producer.send(&[person(1, 9)]).await.unwrap();
    until("a state that can be read heals it", || async { version(&people, 1) == Some(9) }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_record_with_a_strange_key_stops_nothing() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    let strange = Outgoing { key: b"not an id".to_vec(), partition: Some(0), ..person(1, 1) };
    producer.send(&[strange, Outgoing { partition: Some(0), ..person(1, 2) }]).await.unwrap();
    until("the next one is known", || async { version(&view, 1) == Some(2) }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn after_an_absence_in_which_tombstones_may_have_gone_everything_is_read_again() {
    let config = alone().await;
    let producer = producer(&config);
    let (runtime, view) = people(&config).await;
    producer.send(&[person(1, 1)]).await.unwrap();
    mark(&producer, &topics::CONSENT_DECISIONS, -8 * 24 * 3_600).await;
    until("the view is at its old mark", || async { view.watermark().is_some() && version(&view, 1).is_some() }).await;
    let mut changes = view.changes();
    mark(&producer, &topics::CONSENT_DECISIONS, 0).await;
    assert_eq!(changes.recv().await, Ok(Change { key: [1; 16], version: Some(1) }), "it is taken in a second time");
    until("the view is fresh", || async { view.fresh(LEASE).is_ok() && version(&view, 1) == Some(1) }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_topic_has_one_view_in_a_service() {
    let config = alone().await;
    let mut views = Views::new(&runtime(Service::Contacts), &config);
    let (one, same) = (views.add::<Tenant>(&topics::TENANTS), views.add::<Tenant>(&topics::TENANTS));
    assert!(Arc::ptr_eq(&one, &same));
}
