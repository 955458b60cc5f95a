//! Cases about one person, side by side.

use crate::app::App;
use events::platform::{Act, PackagePart, RightsOutcome, RightsPhase, RightsResult};
use events::{Outgoing, topics};
use kernel::{CaseId, Service, SubjectId};
use serde_json::{Value, json};
use testkit::Listener;

impl App {
    pub async fn open(&self, kind: &str, subject: SubjectId) -> String {
        let opened = self.client.with(&self.owner).post("/v1/cases", &json!({"kind": kind, "subject_id": subject})).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        opened.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn case(&self, id: &str) -> Value {
        self.client.with(&self.owner).get(&format!("/v1/cases/{id}")).await.json()
    }

    pub async fn until(&self, id: &str, state: &str) {
        testkit::until(&format!("the case is {state}"), || async { self.case(id).await["state"] == state }).await;
    }

    /// How many events of this kind the tenant's cases have caused since one looked last.
    pub async fn count(&self, kind: &str) -> usize {
        self.database.count(self.tenant, kind).await
    }

    /// What these services would answer to a phase. keyring and rights answer for themselves.
    pub async fn answer(&self, id: &str, phase: RightsPhase, services: &[Service], result: RightsResult) {
        let case: CaseId = id.parse().unwrap();
        let outcomes: Vec<Outgoing> = services
            .iter()
            .map(|service| {
                let outcome = RightsOutcome {
                    case_id: case.as_bytes().to_vec(),
                    tenant_id: self.tenant.as_bytes().to_vec(),
                    service: service.name().to_owned(),
                    phase: phase.into(),
                    result: result.into(),
                    ..RightsOutcome::default()
                };
                Outgoing::new(topics::outcomes(*service), case.as_bytes(), self.tenant, &self.clock, &outcome)
            })
            .collect();
        self.platform.say(&outcomes).await;
    }
}

const OTHERS: &[Service] = &[Service::Contacts, Service::Consent];

/// The closing of a case, as it stands on record.
async fn closing(acts: &Listener, case: &str) -> Act {
    let case: CaseId = case.parse().unwrap();
    let closed = |event: &events::Incoming| {
        event.decode::<Act>().is_ok_and(|act| act.kind == "rights.case_closed" && act.object_id == case.as_bytes())
    };
    acts.next(closed).await.decode().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_closes_the_persons_other_open_cases_and_those_that_come_while_it_goes_on() {
    let app = App::with_keyring().await;
    let acts = Listener::start(app.platform.config(), topics::acts(Service::Rights)).await;
    let subject = SubjectId::random();
    let access = app.open("access", subject).await;
    app.until(&access, "planning").await;
    let erasure = app.open("erasure", subject).await;
    let second = app.client.with(&app.owner).post("/v1/cases", &json!({"kind": "erasure", "subject_id": subject})).await;
    assert_eq!(second.status, 409, "{}", second.text);
    app.answer(&erasure, RightsPhase::Plan, OTHERS, RightsResult::Done).await;
    // keyring shreds by itself.
    app.until(&erasure, "erasing").await;
    let closed = app.case(&access).await;
    assert_eq!((&closed["state"], &closed["subject_id"]), (&json!("person-erased"), &Value::Null), "{closed}");
    assert!(closed["closed_at"].is_string());
    assert_eq!(closing(&acts, &access).await.facts["state"], "person-erased");
    let late = app.open("access", subject).await;
    assert_eq!(app.case(&late).await["state"], "person-erased", "there is nobody left whom a new case could be about");
    app.answer(&erasure, RightsPhase::Erase, OTHERS, RightsResult::Done).await;
    app.until(&erasure, "scanning").await;
    app.answer(&erasure, RightsPhase::Scan, OTHERS, RightsResult::Done).await;
    app.until(&erasure, "done").await;
    assert_eq!(app.client.with(&app.owner).get(&format!("/v1/cases/{erasure}/certificate")).await.status, 200);
    assert_eq!(app.count("rights.case_closed").await, 2, "the one that came late, and the erasure");
    assert!(app.count("rights.outcomes RightsOutcome").await >= 3, "rights answers each phase for itself");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_lost_its_person_before_is_closed_instead_of_asked_about_for_ever() {
    let app = App::with_keyring().await;
    let case = app.open("access", SubjectId::random()).await;
    app.until(&case, "planning").await;
    let sql = app.database.superuser().await;
    sql.execute("UPDATE rights.cases SET subject_id = NULL", &[]).await.unwrap();
    app.clock.advance_to(app.clock.now() + rights::timer::ASK_AGAIN + rights::timer::ASK_AGAIN).unwrap();
    app.wake().await;
    app.until(&case, "person-erased").await;
    assert_eq!((app.count("rights.case_refused").await, app.count("rights.case_closed").await), (1, 2));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_erasures_of_one_person_that_began_apart_end_in_one_certificate() {
    let app = App::with_keyring().await;
    let (owner, subject) = (app.client.with(&app.owner), SubjectId::random());
    let first = app.open("erasure", subject).await;
    // The second came without an account, and only what the person gave leads to them: nobody could refuse it when it came.
    let second = app.asked_by_somebody("erasure").await;
    let named = owner.post(&format!("/v1/cases/{second}/confirm"), &json!({"subject_id": subject})).await;
    assert_eq!(named.status, 409, "{}", named.text);
    assert_eq!(owner.post(&format!("/v1/cases/{second}/confirm"), &json!({})).await.status, 200);
    app.found(&second, subject).await;
    app.until(&second, "planning").await;
    for case in [&second, &first] {
        app.answer(case, RightsPhase::Plan, OTHERS, RightsResult::Done).await;
    }
    let is_closed = async |id: &str| app.case(id).await["state"] == "person-erased";
    testkit::until("one of them is closed", || async { is_closed(&first).await || is_closed(&second).await }).await;
    let (stays, gone) = if is_closed(&first).await { (&second, &first) } else { (&first, &second) };
    assert_eq!(app.case(stays).await["subject_id"], json!(subject), "nobody takes the person out of the one that goes on");
    for phase in [RightsPhase::Erase, RightsPhase::Scan] {
        app.answer(gone, phase, OTHERS, RightsResult::Done).await;
        app.answer(stays, phase, OTHERS, RightsResult::Done).await;
        app.until(stays, if phase == RightsPhase::Erase { "scanning" } else { "done" }).await;
    }
    assert_eq!(owner.get(&format!("/v1/cases/{stays}/certificate")).await.status, 200);
    assert_eq!(owner.get(&format!("/v1/cases/{gone}/certificate")).await.status, 409);
    assert_eq!((app.count("rights.case_confirmed").await, app.count("rights.case_closed").await), (1, 2));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_something_left_erases_again_before_anything_is_certified() {
    let app = App::with_keyring().await;
    let case = app.open("erasure", SubjectId::random()).await;
    app.until(&case, "planning").await;
    app.answer(&case, RightsPhase::Plan, OTHERS, RightsResult::Done).await;
    app.until(&case, "erasing").await;
    app.answer(&case, RightsPhase::Erase, OTHERS, RightsResult::Done).await;
    app.until(&case, "scanning").await;
    app.answer(&case, RightsPhase::Scan, &[Service::Consent], RightsResult::Done).await;
    app.answer(&case, RightsPhase::Scan, &[Service::Contacts], RightsResult::Refused).await;
    let refused = "SELECT count(*) FROM rights.outcomes WHERE service IN ('contacts', 'consent') AND phase = $1";
    let sql = app.database.superuser().await;
    let scan = i32::from(RightsPhase::Scan);
    testkit::until("both have looked", || async { sql.query_one(refused, &[&scan]).await.unwrap().get::<_, i64>(0) == 2 }).await;
    assert_eq!(app.case(&case).await["state"], "scanning", "nothing is certified while something is left");
    app.clock.advance_to(app.clock.now() + rights::timer::ASK_AGAIN + rights::timer::ASK_AGAIN).unwrap();
    app.wake().await;
    app.until(&case, "erasing").await;
    app.answer(&case, RightsPhase::Erase, &[Service::Contacts], RightsResult::Done).await;
    app.until(&case, "scanning").await;
    app.answer(&case, RightsPhase::Scan, &[Service::Contacts], RightsResult::Done).await;
    app.until(&case, "done").await;
    assert_eq!((app.count("rights.case_refused").await, app.count("rights.case_closed").await), (1, 2));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_case_that_was_not_kept_in_the_end_goes() {
    let app = App::with_keyring().await;
    let keyring = app.keyring.as_ref().unwrap();
    let body = json!({"kind": "access", "email": "somebody@example.org"});
    for _ in 0..2 {
        let request = app.client.with(&app.owner).request(reqwest::Method::POST, "/v1/cases").header("idempotency-key", "k-1");
        assert_eq!(testkit::send(request.json(&body)).await.status, 201);
    }
    assert_eq!(keyring.cases().await, 2, "one for the case, one for its repeat");
    app.clock.advance_to(app.clock.now() + rights::timer::ASK_AGAIN + rights::timer::ASK_AGAIN).unwrap();
    app.wake().await;
    testkit::until("one for the case, one for the other", || async { keyring.cases().await == 2 }).await;
    assert_eq!((app.count("rights.case_refused").await, app.count("rights.case_closed").await), (1, 1));
    app.stop().await;
}

impl App {
    /// Refuses a case of somebody else, which wakes whoever looks at what is due.
    async fn wake(&self) {
        let asked = self.asked_by_somebody("access").await;
        let refused = self.client.with(&self.owner).post(&format!("/v1/cases/{asked}/refuse"), &json!({"reason": "unfounded"})).await;
        assert_eq!(refused.status, 200, "{}", refused.text);
    }

    /// Somebody without an account asks; the case.
    async fn asked_by_somebody(&self, kind: &str) -> String {
        let asked = json!({"tenant": self.tenant, "kind": kind, "email": "somebody@example.org"});
        assert_eq!(self.client.post("/v1/contact-us", &asked).await.status, 202);
        let cases = self.client.with(&self.owner).get("/v1/cases").await.json();
        cases["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// What contacts would collect: a part that nobody can open.
    async fn collected(&self, id: &str) {
        let case: CaseId = id.parse().unwrap();
        let categories = privacy::Category::Personal.bit();
        let outcome = RightsOutcome {
            case_id: case.as_bytes().to_vec(),
            tenant_id: self.tenant.as_bytes().to_vec(),
            service: Service::Contacts.name().to_owned(),
            phase: RightsPhase::Collect.into(),
            result: RightsResult::Done.into(),
            parts: vec![PackagePart { name: "contact".to_owned(), sealed: vec![7; 64], categories }],
            ..RightsOutcome::default()
        };
        self.platform.say(&[Outgoing::new(topics::outcomes(Service::Contacts), case.as_bytes(), self.tenant, &self.clock, &outcome)]).await;
    }

    /// What contacts would answer when exactly this person matches.
    async fn found(&self, id: &str, subject: SubjectId) {
        let case: CaseId = id.parse().unwrap();
        let outcome = RightsOutcome {
            case_id: case.as_bytes().to_vec(),
            tenant_id: self.tenant.as_bytes().to_vec(),
            service: Service::Contacts.name().to_owned(),
            phase: RightsPhase::Find.into(),
            result: RightsResult::Done.into(),
            found_subject_ids: vec![subject.as_bytes().to_vec()],
            ..RightsOutcome::default()
        };
        self.platform.say(&[Outgoing::new(topics::outcomes(Service::Contacts), case.as_bytes(), self.tenant, &self.clock, &outcome)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_case_is_opened_for_a_key_without_the_purpose() {
    let app = App::with_keyring().await;
    let (owner, marketer) = (app.client.with(&app.owner), app.client.with(&app.platform.key(app.tenant, "marketer").await));
    let asked = app.asked_by_somebody("access").await;
    let access = app.open("access", SubjectId::random()).await;
    app.until(&access, "planning").await;
    app.answer(&access, RightsPhase::Plan, OTHERS, RightsResult::Done).await;
    app.until(&access, "collecting").await;
    app.collected(&access).await;
    app.answer(&access, RightsPhase::Collect, &[Service::Consent], RightsResult::Nothing).await;
    app.until(&access, "done").await;
    for path in [format!("/v1/cases/{asked}/request"), format!("/v1/cases/{access}/package")] {
        let refused = marketer.get(&path).await;
        assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("purpose-not-granted")), "{path}: {}", refused.text);
    }
    let read = owner.get(&format!("/v1/cases/{asked}/request")).await;
    assert_eq!((read.status, read.json()["email"].as_str()), (200, Some("somebody@example.org")), "{}", read.text);
    assert_eq!((app.count("rights.reads ReadRecord").await, app.count("rights.case_closed").await), (1, 1));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refused_a_case_is_on_record() {
    let app = App::with_keyring().await;
    let acts = Listener::start(app.platform.config(), topics::acts(Service::Rights)).await;
    let asked = app.asked_by_somebody("erasure").await;
    let refused =
        app.client.with(&app.owner).post(&format!("/v1/cases/{asked}/refuse"), &json!({"reason": "identity-not-confirmed"})).await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    let act: Act = acts.next(|event| event.decode::<Act>().is_ok_and(|act| act.kind == "rights.case_refused")).await.decode().unwrap();
    let case: CaseId = asked.parse().unwrap();
    assert_eq!((act.object_id.as_slice(), act.principal_id.as_slice()), (case.as_bytes().as_slice(), app.owner.id.as_bytes().as_slice()));
    assert_eq!(app.count("rights.case_closed").await, 1);
    app.stop().await;
}
