//! Phases of a rights case, as consent answers them.

use crate::app::App;
use events::platform::{RightsOutcome, RightsPhase, RightsResult};
use events::rights::{CaseKind, RightsTask};
use events::{Event as _, Incoming, Outgoing, topics};
use kernel::{CaseId, SubjectId};
use prost::Message as _;
use seal::evidence::Kind;

impl App {
    fn task(&self, subject: SubjectId, phase: RightsPhase) -> Outgoing {
        let case = CaseId::new(&self.clock);
        let task = RightsTask {
            case_id: case.as_bytes().to_vec(),
            tenant_id: self.tenant.as_bytes().to_vec(),
            subject_id: subject.as_bytes().to_vec(),
            kind: CaseKind::Erasure.into(),
            phase: phase.into(),
            sealed_identifiers: Vec::new(),
            asked_at_us: 0,
        };
        Outgoing::new(&topics::RIGHTS_TASKS, case.as_bytes(), self.tenant, &self.clock, &task)
    }
}

/// Asks, and hears the answer on the topic.
async fn ask(app: &App, task: &Outgoing, answers: &testkit::Listener) -> RightsOutcome {
    app.platform.say(std::slice::from_ref(task)).await;
    let answer = |event: &Incoming| RightsOutcome::decode(event.data.as_deref()?).ok();
    // Every consent of this test binary hears the task; the one that was asked signs with its own key.
    let ours = |event: &Incoming| {
        event.key == task.key
            && event.event_type == RightsOutcome::TYPE
            && answer(event).is_some_and(|answer| app.evidence.verify(Kind::Participant, &answer.receipt_jws).is_ok())
    };
    answer(&answers.next(ours).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_planned_carried_out_and_shown_to_be_complete() {
    let app = App::start().await;
    let answers = testkit::Listener::start(app.platform.config(), topics::outcomes(kernel::Service::Consent)).await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    app.says(person, "client_service:newsletter", "given").await;
    let planned = ask(&app, &app.task(person, RightsPhase::Plan), &answers).await;
    assert_eq!(planned.result(), RightsResult::Done);
    assert!(planned.counts.iter().any(|count| count.store == "consent.records" && count.what == "planned" && count.rows == 1));
    let left = ask(&app, &app.task(person, RightsPhase::Scan), &answers).await;
    assert_eq!(left.result(), RightsResult::Refused, "the scan finds what has not been erased");
    let erased = ask(&app, &app.task(person, RightsPhase::Erase), &answers).await;
    assert_eq!(erased.result(), RightsResult::Done);
    let scanned = ask(&app, &app.task(person, RightsPhase::Scan), &answers).await;
    assert_eq!(scanned.result(), RightsResult::Done);
    assert!(scanned.counts.iter().all(|count| count.rows == 0));
    let nothing = ask(&app, &app.task(person, RightsPhase::Plan), &answers).await;
    assert_eq!(nothing.result(), RightsResult::Nothing);
    app.runtime.shut_down().await;
}
