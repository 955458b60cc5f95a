//! A relay that was frozen and overtaken says an older state behind a newer one.

use crate::app::App;
use bus::KafkaConfig;
use events::consent::PersonState;
use events::contacts::Change;
use events::{Incoming, Outgoing, topics};
use testkit::Listener;

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_an_older_one_came_after_is_said_again_and_so_is_that_somebody_went() {
    // Topics of this test alone: every consent that hears an older state says what its own tables know.
    let shared = testkit::kafka().await;
    let kafka = KafkaConfig { topic_prefix: format!("{}repair.", shared.topic_prefix), ..shared };
    bus::create_topics(&kafka, 1).await.unwrap();
    let app = App::start_on(kafka.clone()).await;
    let listener = Listener::start(&kafka, &topics::CONSENT_DECISIONS).await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let next = async || listener.next(|event: &Incoming| event.key == person.as_bytes()).await;
    for said in ["given", "withdrawn"] {
        assert_eq!(app.says(person, "client_service:newsletter", said).await.status, 201);
    }
    let (given, withdrawn) = (next().await.decode::<PersonState>().unwrap(), next().await.decode::<PersonState>().unwrap());
    assert!(given.version < withdrawn.version);
    let older = || Outgoing::new(&topics::CONSENT_DECISIONS, person.as_bytes(), app.tenant, &app.clock, &given);

    app.platform.say(&[older()]).await;
    assert_eq!(next().await.decode::<PersonState>().unwrap(), given, "the older one stands last");
    assert_eq!(next().await.decode::<PersonState>().unwrap(), withdrawn, "and does not stay last");

    app.platform.say(&[app.changed(app.tenant, person, 2, Change::Deleted, "processor")]).await;
    assert!(next().await.is_tombstone(), "consent forgets the person");
    app.platform.say(&[older()]).await;
    assert_eq!(next().await.decode::<PersonState>().unwrap(), given);
    assert!(next().await.is_tombstone(), "and says it again");
    app.runtime.shut_down().await;
}
