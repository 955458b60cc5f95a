use crate::world::{alone, change, hear, hears, number, producer, runtime};
use bus::{Handler, Rejected, Views, spawn_relay};
use db::{Db, DbError, EmbeddedMigrations, TenantTx, embed_migrations, inbox};
use events::consent::PersonState;
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{Clock, Service, TenantId, Timestamp};
use runtime::Runtime;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::until;
use tokio::sync::Notify;

const NONE: EmbeddedMigrations = embed_migrations!("tests/migrations");

pub async fn database(service: Service) -> (Runtime, Db) {
    let runtime = runtime(service);
    let db = testkit::database(service, NONE).await.connect(&runtime).await;
    (runtime, db)
}

pub async fn commit(db: &Db, events: &[Outgoing]) {
    let done: Result<(), DbError> = db
        .tx(TenantId::HOUSE, "test.publish", async |tx: &mut TenantTx| {
            events.iter().cloned().for_each(|event| tx.publish(event));
            Ok(())
        })
        .await;
    done.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_heard_in_order_and_what_is_not_never() {
    let config = alone().await;
    let (runtime, db) = database(Service::Contacts).await;
    let (handler, mut taken) = hears(|_| Ok(()));
    let listener = hear(&config, Service::Consent, handler);
    spawn_relay(&runtime, &db, &producer(&config));
    for number in 0..30 {
        commit(&db, &[change(1, number), change(2, number)]).await;
        let failed: Result<(), DbError> = db
            .tx(TenantId::HOUSE, "test.fails", async |tx: &mut TenantTx| {
                tx.publish(change(3, number));
                Err(DbError::NotFound)
            })
            .await;
        assert!(failed.is_err());
    }
    let heard = taken.take(60).await;
    for key in [1, 2] {
        let numbers: Vec<i64> = heard.iter().filter(|event| event.key[0] == key).map(number).collect();
        assert!(numbers.into_iter().eq(0..30));
    }
    assert!(taken.nothing());
    runtime.shut_down().await;
    listener.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_broker_never_takes_holds_up_nothing_behind_it() {
    let config = alone().await;
    let (runtime, db) = database(Service::Contacts).await;
    let (handler, mut taken) = hears(|_| Ok(()));
    let listener = hear(&config, Service::Consent, handler);
    let too_long = Outgoing { data: Some(vec![7; 5 << 20]), ..change(1, 2) };
    commit(&db, &[change(1, 1), too_long, change(1, 3), change(2, 4)]).await;
    commit(&db, &[change(1, 5)]).await;
    spawn_relay(&runtime, &db, &producer(&config));
    let mut heard: Vec<i64> = taken.take(4).await.iter().map(number).collect();
    heard.sort_unstable();
    assert_eq!(heard, [1, 3, 4, 5]);
    assert!(taken.nothing(), "and each once");
    runtime.shut_down().await;
    listener.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_never_says_more_than_what_is_published() {
    let config = alone().await;
    let (runtime, db) = database(Service::Consent).await;
    let mut views = Views::new(&runtime, &config);
    let view = views.add::<PersonState>(&topics::CONSENT_DECISIONS);
    views.spawn().unwrap();
    spawn_relay(&runtime, &db, &producer(&config));
    until("the view is fresh without any event", || async { view.fresh(Duration::from_secs(5)).is_ok() }).await;
    let (opened, close) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (open, closing, writing) = (opened.clone(), close.clone(), db.clone());
    let state = PersonState { subject_id: vec![1; 16], version: 1, ..PersonState::default() };
    let event = Outgoing::new(&topics::CONSENT_DECISIONS, &[1; 16], TenantId::HOUSE, &testkit::clock(), &state);
    let slow = tokio::spawn(async move {
        let written = writing.tx(TenantId::HOUSE, "test.slow", async |tx: &mut TenantTx| {
            tx.publish(event.clone());
            open.notify_one();
            closing.notified().await;
            Ok::<_, DbError>(())
        });
        written.await.unwrap();
    });
    opened.notified().await;
    let open_since = Clock::real_now();
    let lease = Duration::from_millis(2_500);
    until("the view grows old, because a transaction is open", || async { view.fresh(lease).is_err() }).await;
    assert!(view.watermark().unwrap() <= open_since);
    close.notify_one();
    slow.await.unwrap();
    until("the view is fresh again", || async { view.watermark() > Some(open_since) }).await;
    assert_eq!(view.get(&[1; 16]).map(|state| state.version), Some(1), "what it waited for came before the watermark");
    runtime.shut_down().await;
}

/// Has an effect once an event.
struct Once {
    db: Db,
    heard: Arc<AtomicUsize>,
    effects: Arc<AtomicUsize>,
}

impl Handler for Once {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        let first: Result<bool, DbError> =
            self.db.tx(event.tenant, "test.once", async |tx: &mut TenantTx| Ok(inbox::first_time(tx, "test", event.event_id).await?)).await;
        self.effects.fetch_add(usize::from(first?), Ordering::SeqCst);
        self.heard.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_has_its_effect_once() {
    let config = alone().await;
    let (_runtime, db) = database(Service::Consent).await;
    let (heard, effects) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let listener = hear(&config, Service::Consent, Once { db, heard: heard.clone(), effects: effects.clone() });
    let event = change(1, 1);
    let copies: [Outgoing; 3] = std::array::from_fn(|_| event.clone());
    producer(&config).send(&copies).await.unwrap();
    producer(&config).send(&[change(1, 2)]).await.unwrap();
    until("all are handled", || async { heard.load(Ordering::SeqCst) == 4 }).await;
    assert_eq!(effects.load(Ordering::SeqCst), 2);
    listener.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_before_the_relay_runs_goes_out_with_its_last_round() {
    let config = alone().await;
    let (runtime, db) = database(Service::Contacts).await;
    let (handler, mut taken) = hears(|_| Ok(()));
    let listener = hear(&config, Service::Consent, handler);
    commit(&db, &[change(1, 1)]).await;
    spawn_relay(&runtime, &db, &producer(&config));
    runtime.shut_down().await;
    let heard = taken.next().await;
    assert_eq!((number(&heard), heard.time), (1, testkit::BEGIN.parse::<Timestamp>().unwrap()));
    listener.shut_down().await;
}
