//! keyring as it is served: a task over Kafka in, what became of it over Kafka out.

use crate::support::{Platform, bare, people, tenant};
use bus::Views;
use events::keyring::Shredded;
use events::platform::RightsPhase;
use events::rights::{CaseKind, RightsTask};
use events::{Outgoing, topics};
use kernel::{CaseId, Service};
use keyring::domain::holder::Known;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_over_kafka_shreds_and_everybody_hears_of_it() {
    let platform = Platform::start().await;
    let keys_file = platform.roots.path().join("services.jwks");
    std::fs::write(&keys_file, r#"{"keys":[]}"#).unwrap();
    let kafka = testkit::kafka().await;
    let served = testkit::runtime(Service::Keyring, &platform.clock);
    keyring::start(platform.config(&kafka, &keys_file, 10, 10), served.clone()).await.unwrap();
    testkit::until("keyring is ready", || async { served.unready().is_empty() }).await;

    let listener = testkit::runtime(Service::Contacts, &platform.clock);
    let mut views = Views::new(&listener, &kafka);
    let shredded = views.add::<Shredded>(&topics::SHREDDED);
    views.spawn().unwrap();

    let inside = platform.process().await;
    let ids = people(3);
    let before = bare(&inside.create(tenant(1), &ids).await);
    let case = CaseId::new(&platform.clock);
    let task = RightsTask {
        case_id: case.as_bytes().to_vec(),
        tenant_id: tenant(1).as_bytes().to_vec(),
        subject_id: ids[1].as_bytes().to_vec(),
        kind: CaseKind::Erasure.into(),
        phase: RightsPhase::Shred.into(),
        ..RightsTask::default()
    };
    let rights = testkit::Platform::start(&kafka, &platform.clock, Service::Keyring);
    rights.say(&[Outgoing::new(&topics::RIGHTS_TASKS, case.as_bytes(), tenant(1), &platform.clock, &task)]).await;

    let heard = shredded.wait_for(ids[1].as_bytes(), Duration::from_secs(30)).await.expect("everybody hears of it");
    assert_eq!(heard.case_id, case.as_bytes());
    assert_eq!(bare(&inside.release(tenant(1), &ids).await), [before[0].clone(), Known::Shredded, before[2].clone()]);
    testkit::until("the list of erased ids is fresh", || async { shredded.fresh(Duration::from_secs(10)).is_ok() }).await;
    served.shut_down().await;
    assert_eq!(
        inside.published(tenant(1)).await,
        ["keyring.shredded Shredded", "keyring.shredded", "keyring.outcomes RightsOutcome"],
        "and nothing else is said"
    );
    listener.shut_down().await;
}
