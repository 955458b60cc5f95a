use crate::support::{Platform, Process, bare, people, tenant};
use bus::{Handler, Rejected};
use events::keyring::Shredded;
use events::platform::{Act, RightsOutcome, RightsPhase, RightsResult};
use events::rights::{CaseKind, RightsTask};
use events::{Incoming, Outgoing, topics};
use kernel::{CaseId, EventId, TenantId};
use keyring::domain::holder::{Kind, Known};
use keyring::events::OnRightsTask;
use prost::Message;
use seal::{evidence, index};
use uuid::Uuid;

fn task(tenant: TenantId, case: Uuid, subject: Uuid, phase: RightsPhase) -> RightsTask {
    RightsTask {
        case_id: case.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        subject_id: subject.as_bytes().to_vec(),
        kind: CaseKind::Erasure.into(),
        phase: phase.into(),
        ..RightsTask::default()
    }
}

fn heard(platform: &Platform, tenant: TenantId, task: &RightsTask) -> Incoming {
    let said = Outgoing::new(&topics::RIGHTS_TASKS, &task.case_id, tenant, &platform.clock, task);
    Incoming {
        topic: said.topic,
        partition: 0,
        offset: 0,
        key: said.key,
        event_id: EventId::new(&platform.clock),
        tenant,
        event_type: said.event_type,
        time: said.time,
        data: said.data.map(Into::into),
        traceparent: None,
    }
}

async fn hear(platform: &Platform, process: &Process, task: &RightsTask) -> Result<(), Rejected> {
    OnRightsTask { store: process.store.clone() }.handle(heard(platform, tenant(1), task)).await
}

/// What was said since the last look.
async fn said(process: &Process) -> Vec<Outgoing> {
    [process.database.events(tenant(1)).await, process.database.events(tenant(2)).await].concat()
}

fn only<M: Message + Default>(said: &[Outgoing], topic: &str) -> M {
    let of_topic: Vec<&Outgoing> = said.iter().filter(|event| event.topic == topic).collect();
    assert_eq!(of_topic.len(), 1, "{topic}");
    M::decode(of_topic[0].data.as_deref().expect("it has data")).expect("it is that message")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phase_shred_destroys_the_key_and_says_so_three_times() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject) = (Uuid::from(CaseId::new(&platform.clock)), people(1)[0]);
    let Known::Live(key) = process.create(tenant(1), &[subject]).await.remove(0) else { panic!("a key was made") };
    hear(&platform, &process, &task(tenant(1), case, subject, RightsPhase::Shred)).await.unwrap();
    assert_eq!(bare(&process.release(tenant(1), &[subject]).await), [Known::Shredded]);

    let said = said(&process).await;
    assert_eq!(said.len(), 3);
    let shredded: Shredded = only(&said, "keyring.shredded");
    assert_eq!((shredded.holder_id.as_slice(), shredded.case_id.as_slice()), (subject.as_bytes().as_slice(), case.as_bytes().as_slice()));
    assert_eq!(shredded.shredded_at_us, platform.now_us());
    assert!(shredded.unrecoverable_by_us > platform.now_us());
    let outcome: RightsOutcome = only(&said, "keyring.outcomes");
    assert_eq!((outcome.phase(), outcome.result()), (RightsPhase::Shred, RightsResult::Done));
    assert_eq!(
        outcome.counts.iter().map(|count| (count.store.as_str(), count.what.as_str(), count.rows)).collect::<Vec<_>>(),
        [("keyring.holders", "erased", 1)]
    );
    let act: Act = only(&said, "keyring.acts");
    assert_eq!((act.kind.as_str(), act.object_id.as_slice()), ("keyring.shredded", case.as_bytes().as_slice()));
    assert_eq!(act.subject_commitment, index::commitment(&key.subkey("audit"), subject.into()));
    assert!(
        !act.encode_to_vec().windows(16).any(|bytes| bytes == subject.as_bytes()),
        "the audit log knows the person by the commitment alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_receipt_can_be_checked_offline() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject) = (Uuid::new_v4(), people(1)[0]);
    process.create(tenant(1), &[subject]).await;
    hear(&platform, &process, &task(tenant(1), case, subject, RightsPhase::Shred)).await.unwrap();
    let outcome: RightsOutcome = only(&said(&process).await, "keyring.outcomes");
    let keys = evidence::PublicKeys::from_json(&serde_json::json!({ "keys": [process.receipts] }).to_string()).unwrap();
    let receipt = keys.verify(evidence::Kind::Participant, &outcome.receipt_jws).unwrap();
    assert_eq!(receipt["case_id"], case.to_string());
    assert_eq!(receipt["service"], "keyring");
    assert_eq!(receipt["unrecoverable_by"], "2026-03-02T00:00:00Z");
    assert_eq!(receipt["counts"][0]["rows"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_heard_twice_is_answered_twice_and_done_once() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject) = (Uuid::new_v4(), people(1)[0]);
    process.create(tenant(1), &[subject]).await;
    let task = task(tenant(1), case, subject, RightsPhase::Shred);
    hear(&platform, &process, &task).await.unwrap();
    said(&process).await;
    hear(&platform, &process, &task).await.unwrap();
    let again = said(&process).await;
    let outcome: RightsOutcome = only(&again, "keyring.outcomes");
    assert_eq!((outcome.result(), outcome.counts[0].rows), (RightsResult::Done, 0));
    assert_eq!(again.len(), 1, "it was said once that the key is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_answers_the_case_that_a_dead_process_left_open() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject) = (Uuid::new_v4(), people(1)[0]);
    process.create(tenant(1), &[subject]).await;
    process.store.record(tenant(1), Kind::Subject, subject, Some(case)).await.unwrap();
    process.store.sweep().await.unwrap();
    let said = said(&process).await;
    let outcome: RightsOutcome = only(&said, "keyring.outcomes");
    assert_eq!((outcome.case_id, outcome.counts[0].rows), (case.as_bytes().to_vec(), 1));
    let _: Shredded = only(&said, "keyring.shredded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scan_finds_what_is_left_and_nothing_when_nothing_is() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject) = (Uuid::new_v4(), people(1)[0]);
    process.create(tenant(1), &[subject]).await;
    let counts = |outcome: &RightsOutcome| outcome.counts.iter().map(|count| (count.what.clone(), count.rows)).collect::<Vec<_>>();
    hear(&platform, &process, &task(tenant(1), case, subject, RightsPhase::Scan)).await.unwrap();
    let outcome: RightsOutcome = only(&said(&process).await, "keyring.outcomes");
    assert_eq!(outcome.result(), RightsResult::Refused);
    assert_eq!(counts(&outcome), [("residual".to_owned(), 1), ("shredded".to_owned(), 0)]);

    hear(&platform, &process, &task(tenant(1), case, subject, RightsPhase::Shred)).await.unwrap();
    said(&process).await;
    hear(&platform, &process, &task(tenant(1), case, subject, RightsPhase::Scan)).await.unwrap();
    let outcome: RightsOutcome = only(&said(&process).await, "keyring.outcomes");
    assert_eq!(outcome.result(), RightsResult::Done);
    assert_eq!(counts(&outcome), [("residual".to_owned(), 0), ("shredded".to_owned(), 1)]);
    assert_eq!(outcome.methods, ["by-id", "ledger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_planned_while_there_is_a_key_and_a_key_of_something_else_is_none() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let (case, subject, import) = (Uuid::new_v4(), people(1)[0], people(1)[0]);
    process.create(tenant(1), &[subject]).await;
    process.store.create(tenant(1), Kind::Import, &[import]).await.unwrap();
    let planned = async |holder: Uuid| {
        hear(&platform, &process, &task(tenant(1), case, holder, RightsPhase::Plan)).await.unwrap();
        let outcome: RightsOutcome = only(&said(&process).await, "keyring.outcomes");
        assert_eq!((outcome.phase(), outcome.counts[0].what.as_str()), (RightsPhase::Plan, "planned"));
        (outcome.result(), outcome.counts[0].rows)
    };
    assert_eq!(planned(subject).await, (RightsResult::Done, 1));
    assert_eq!(planned(subject).await, (RightsResult::Done, 1), "asked again, it says the same");
    assert_eq!(planned(import).await, (RightsResult::Nothing, 0));
    process.store.record(tenant(1), Kind::Subject, subject, Some(case)).await.unwrap();
    assert_eq!(planned(subject).await, (RightsResult::Done, 1), "what is on record only is there still");
    process.shred(tenant(1), subject).await;
    said(&process).await;
    assert_eq!(planned(subject).await, (RightsResult::Nothing, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_phases_are_for_others() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let subject = people(1)[0];
    let before = bare(&process.create(tenant(1), &[subject]).await);
    for phase in [RightsPhase::Find, RightsPhase::Collect, RightsPhase::Erase] {
        hear(&platform, &process, &task(tenant(1), Uuid::new_v4(), subject, phase)).await.unwrap();
    }
    let access = RightsTask { kind: CaseKind::Access.into(), ..task(tenant(1), Uuid::new_v4(), subject, RightsPhase::Plan) };
    hear(&platform, &process, &access).await.unwrap();
    assert_eq!(bare(&process.release(tenant(1), &[subject]).await), before);
    assert_eq!(said(&process).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rights_would_never_say_is_poison_and_destroys_nothing() {
    let platform = Platform::start().await;
    let process = platform.process().await;
    let subject = people(1)[0];
    let before = bare(&process.create(tenant(1), &[subject]).await);
    let good = task(tenant(1), Uuid::new_v4(), subject, RightsPhase::Shred);
    let wrong = [
        RightsTask { kind: CaseKind::Access.into(), ..good.clone() },
        RightsTask { tenant_id: tenant(2).as_bytes().to_vec(), ..good.clone() },
        RightsTask { subject_id: Vec::new(), ..good.clone() },
        RightsTask { case_id: vec![1], ..good.clone() },
    ];
    for task in wrong {
        assert!(matches!(hear(&platform, &process, &task).await, Err(Rejected::Poison(_))), "{task:?}");
    }
    let mut undecodable = heard(&platform, tenant(1), &good);
    undecodable.data = Some(vec![0xff].into());
    let handler = OnRightsTask { store: process.store.clone() };
    assert!(matches!(handler.handle(undecodable).await, Err(Rejected::Poison(_))));
    assert_eq!(bare(&process.release(tenant(1), &[subject]).await), before);
    assert_eq!(said(&process).await, []);
}
