use crate::relay::{commit, database};
use crate::world::{change, hear, hears, number, on, producer};
use bus::{KafkaConfig, Views, spawn_relay};
use embedded::{Kafka, Prepared};
use events::consent::PersonState;
use events::topics;
use kernel::Service;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;
use testkit::until;

const KEYS: u8 = 5;

fn start(folder: &Path, port: Option<u16>) -> Kafka {
    tokio::task::block_in_place(|| {
        let prepared = Prepared::ensure(&mut |_| {}).unwrap();
        Kafka::start(&prepared, folder, port).unwrap()
    })
}

async fn fresh_broker(folder: &Path) -> (Kafka, KafkaConfig) {
    let broker = start(folder, None);
    let config = on(&broker.bootstrap());
    bus::create_topics(&config, 1).await.unwrap();
    (broker, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_loses_nothing_and_everybody_goes_on_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut broker, config) = fresh_broker(folder.path()).await;
    let (runtime, db) = database(Service::Consent).await;
    let mut views = Views::new(&runtime, &config);
    let view = views.add::<PersonState>(&topics::CONSENT_DECISIONS);
    views.spawn().unwrap();
    spawn_relay(&runtime, &db, &producer(&config));
    let (handler, mut taken) = hears(|_| Ok(()));
    let listener = hear(&config, Service::Rights, handler);
    let lease = Duration::from_secs(3);
    until("the view is fresh", || async { view.fresh(lease).is_ok() }).await;
    for number in 0..100 {
        if number == 30 {
            tokio::task::block_in_place(|| broker.kill());
        }
        for key in 0..KEYS {
            commit(&db, &[change(key, number)]).await;
        }
    }
    until("the view is stale without a broker", || async { view.fresh(lease).is_err() }).await;
    assert!(runtime.is_alive() && listener.is_alive());
    let mut broker = start(folder.path(), Some(broker.port()));
    let (mut seen, mut numbers): (HashSet<_>, HashMap<u8, Vec<i64>>) = Default::default();
    while numbers.values().map(Vec::len).sum::<usize>() < 100 * usize::from(KEYS) {
        let event = taken.next().await;
        // What was kept by the broker but not acknowledged comes twice.
        if seen.insert(event.event_id) {
            numbers.entry(event.key[0]).or_default().push(number(&event));
        }
    }
    assert!(numbers.values().all(|numbers| numbers.iter().copied().eq(0..100)), "{numbers:?}");
    until("the view is fresh again", || async { view.fresh(lease).is_ok() }).await;
    assert!(runtime.is_alive() && listener.is_alive());
    runtime.shut_down().await;
    listener.shut_down().await;
    tokio::task::block_in_place(|| broker.kill());
}

#[tokio::test(flavor = "multi_thread")]
async fn views_consumers_and_producers_begin_without_a_broker_and_find_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let (mut broker, config) = fresh_broker(folder.path()).await;
    let port = broker.port();
    tokio::task::block_in_place(|| broker.stop());
    let (handler, mut taken) = hears(|_| Ok(()));
    let listener = hear(&config, Service::Rights, handler);
    let mut views = Views::new(&listener, &config);
    let view = views.add::<PersonState>(&topics::CONSENT_DECISIONS);
    views.spawn().unwrap();
    let producer = producer(&config);
    assert!(producer.send(&[change(1, 1)]).await.is_err(), "nobody keeps it");
    assert!(!view.is_ready());
    let mut broker = start(folder.path(), Some(port));
    until("it is kept", || async { producer.send(&[change(1, 2)]).await.is_ok() }).await;
    assert_eq!(number(&taken.next().await), 2);
    until("the view is ready", || async { view.is_ready() }).await;
    listener.shut_down().await;
    tokio::task::block_in_place(|| broker.kill());
}
