//! A test that lets go of its database answers for what was published.

use bus::{KafkaConfig, Producer, spawn_relay};
use db::{Db, DbError, EmbeddedMigrations, TenantTx, embed_migrations};
use events::contacts::ContactChanged;
use events::platform::Act;
use events::{Outgoing, Topic, topics};
use kernel::{Service, TenantId};
use testkit::{Database, Listener};

const NONE: EmbeddedMigrations = embed_migrations!("../bus/tests/migrations");
const CHANGE: &str = "contacts.changes ContactChanged";

async fn start() -> (Database, Db) {
    let database = testkit::database(Service::Contacts, NONE).await;
    let db = database.connect(&testkit::runtime(Service::Contacts, &testkit::clock())).await;
    (database, db)
}

async fn publish<E: events::Event>(db: &Db, topic: &Topic, event: &E) -> Outgoing {
    let event = Outgoing::new(topic, b"key", TenantId::HOUSE, &testkit::clock(), event);
    let done: Result<(), DbError> = db
        .tx(TenantId::HOUSE, "test.publish", async |tx: &mut TenantTx| {
            tx.publish(event.clone());
            Ok(())
        })
        .await;
    done.expect("it commits");
    event
}

async fn change(db: &Db) -> Outgoing {
    publish(db, &topics::CONTACT_CHANGES, &ContactChanged::default()).await
}

async fn act(db: &Db) -> Outgoing {
    publish(db, topics::acts(Service::Contacts), &Act { kind: "contacts.planted".to_owned(), ..Act::default() }).await
}

/// Starts relaying what this database was given.
fn relay(db: &Db, kafka: &KafkaConfig) -> runtime::Runtime {
    let runtime = testkit::runtime(Service::Contacts, &testkit::clock());
    spawn_relay(&runtime, db, &Producer::new(kafka, "testkit").expect("the settings fit"));
    runtime
}

#[tokio::test]
#[should_panic(expected = "nobody looked: [\"contacts.changes ContactChanged\"]")]
async fn an_event_that_nobody_looks_at_fails_the_test() {
    let (_database, db) = start().await;
    change(&db).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "nobody looked: [\"contacts.planted\"]")]
async fn an_act_of_a_new_kind_fails_the_test_although_another_kind_of_its_topic_is_looked_at_elsewhere() {
    let (database, db) = start().await;
    let _database = database.looked_at_elsewhere(&[CHANGE, "contacts.contact_deleted"]);
    change(&db).await;
    act(&db).await;
}

#[tokio::test]
#[should_panic(expected = "nobody looked: [\"contacts.planted\"]")]
async fn what_comes_after_the_last_look_fails_the_test() {
    let (database, db) = start().await;
    change(&db).await;
    assert_eq!(database.published(TenantId::HOUSE).await, [CHANGE]);
    act(&db).await;
}

#[tokio::test]
#[should_panic(expected = "nobody looked: [\"1 rows of infra.outbox_dead\"]")]
async fn an_event_that_was_put_aside_fails_the_test_although_it_was_looked_at() {
    let (database, db) = start().await;
    let event = change(&db).await;
    let refused = db::outbox::relay_batch(&db, 1, async |_: Vec<Outgoing>| Ok::<_, DbError>(vec![event.event_id]));
    assert_eq!(refused.await.expect("the outbox can be read").rows, 1);
    assert_eq!(database.published(TenantId::HOUSE).await, [CHANGE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_looked_at_is_seen_once_in_order_and_after_the_relay_took_it_too() {
    let (database, db) = start().await;
    let runtime = relay(&db, &testkit::kafka().await);
    let events = [change(&db).await, act(&db).await];
    runtime.shut_down().await;
    let left: i64 = database.superuser().await.query_one("SELECT count(*) FROM infra.outbox", &[]).await.expect("it is there").get(0);
    assert_eq!(left, 0, "the relay has taken them");
    assert_eq!(database.published(TenantId::new(&testkit::clock())).await, Vec::<String>::new(), "another tenant's are not looked at");
    assert_eq!(database.events(TenantId::HOUSE).await, events);
    assert_eq!(database.events(TenantId::HOUSE).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_on_its_topic_was_looked_at() {
    let (database, db) = start().await;
    let kafka = testkit::kafka().await;
    let listener = Listener::start(&kafka, &topics::CONTACT_CHANGES).await;
    let runtime = relay(&db, &kafka);
    let event = change(&db).await;
    listener.next(|heard| heard.event_id == event.event_id).await;
    runtime.shut_down().await;
    assert_eq!(database.published(TenantId::HOUSE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_test_may_say_that_it_does_not_listen() {
    let (database, db) = start().await;
    let _database = database.unheard("for this test");
    change(&db).await;
}
