//! Phases of a rights case, as contacts answers them, and what an erasure leaves behind: nobody comes back.

use crate::app::{App, OPERATE, change, key};
use crate::imports::file;
use events::contacts::{Change, ContactChanged};
use events::keyring::{HolderKind, ReleaseKeysRequest};
use events::platform::{RightsOutcome, RightsPhase, RightsResult};
use events::rights::{CaseKind, RightsTask};
use events::{Event as _, Incoming, Outgoing, topics};
use kernel::{CaseId, Service, SubjectId};
use prost::Message as _;
use reqwest::Method;
use seal::Place;
use seal::evidence::Kind;
use serde_json::{Value, json};
use testkit::Listener;

impl App {
    fn task(&self, case: CaseId, subject: Option<SubjectId>, phase: RightsPhase, sealed_identifiers: Vec<u8>) -> Outgoing {
        self.task_of(CaseKind::Erasure, (case, subject), phase, sealed_identifiers)
    }

    fn task_of(
        &self,
        kind: CaseKind,
        (case, subject): (CaseId, Option<SubjectId>),
        phase: RightsPhase,
        sealed_identifiers: Vec<u8>,
    ) -> Outgoing {
        let task = RightsTask {
            case_id: case.as_bytes().to_vec(),
            tenant_id: self.tenant.as_bytes().to_vec(),
            subject_id: subject.map(|subject| subject.as_bytes().to_vec()).unwrap_or_default(),
            kind: kind.into(),
            phase: phase.into(),
            sealed_identifiers,
            asked_at_us: 0,
        };
        Outgoing::new(&topics::RIGHTS_TASKS, case.as_bytes(), self.tenant, &self.clock, &task)
    }

    async fn answers(&self) -> Listener {
        Listener::start(self.platform.config(), topics::outcomes(Service::Contacts)).await
    }

    /// Asks, and hears the answer of this app: others hear the task too, and sign theirs with keys of their own.
    async fn ask(&self, task: &Outgoing, answers: &Listener) -> RightsOutcome {
        self.platform.say(std::slice::from_ref(task)).await;
        let asked = RightsTask::decode(task.data.as_deref().unwrap()).unwrap();
        let heard = answers.next(|event| {
            let outcome = if event.event_type == RightsOutcome::TYPE { event.decode::<RightsOutcome>().ok() } else { None };
            outcome.is_some_and(|outcome| {
                outcome.case_id == asked.case_id
                    && outcome.phase == asked.phase
                    && self.evidence.verify(Kind::Participant, &outcome.receipt_jws).is_ok()
            })
        });
        heard.await.decode().unwrap()
    }

    async fn erase(&self, path: &str) {
        let (answers, case) = (self.answers().await, CaseId::new(&self.clock));
        let erased = self.ask(&self.task(case, Some(subject(path)), RightsPhase::Erase, Vec::new()), &answers).await;
        assert_eq!(erased.result(), RightsResult::Done);
    }
}

fn subject(path: &str) -> SubjectId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

fn rows(outcome: &RightsOutcome, what: &str) -> Vec<i64> {
    outcome.counts.iter().filter(|count| count.what == what).map(|count| count.rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_what_the_case_says_and_by_nothing_else() {
    let app = App::start().await;
    let (answers, path) = (app.answers().await, app.contact(&json!({"email": "ada@example.com", "telephone": "+49301234567"})).await);
    for (given, found) in [
        (json!({"email": "ADA@example.com"}), 1),
        (json!({"telephone": "+49 30 1234567"}), 1),
        (json!({"email": "eve@example.com"}), 0),
        (json!({}), 0),
    ] {
        let (case, key) = app.case().await;
        let place = Place { tenant: app.tenant, holder: case.uuid(), store: "rights.cases", row: case.uuid(), category: "personal" };
        let sealed = seal::seal(&key, &place, given.to_string().as_bytes());
        let outcome = app.ask(&app.task(case, None, RightsPhase::Find, sealed), &answers).await;
        let wanted: Vec<Vec<u8>> = (0..found).map(|_| subject(&path).as_bytes().to_vec()).collect();
        assert_eq!(outcome.found_subject_ids, wanted, "{given}");
        assert_eq!(outcome.result(), if found == 1 { RightsResult::Done } else { RightsResult::Nothing }, "{given}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_planned_carried_out_and_shown_to_be_complete() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com", "telephone": "+49301234567"})).await;
    let (answers, case, person) = (app.answers().await, CaseId::new(&app.clock), subject(&path));
    let changes = Listener::start(app.platform.config(), &topics::CONTACT_CHANGES).await;
    let phase = |phase| app.task(case, Some(person), phase, Vec::new());
    let planned = app.ask(&phase(RightsPhase::Plan), &answers).await;
    assert_eq!((planned.result(), rows(&planned, "planned")), (RightsResult::Done, vec![1]));
    let left = app.ask(&phase(RightsPhase::Scan), &answers).await;
    assert_eq!((left.result(), rows(&left, "residual")), (RightsResult::Refused, vec![1]), "the scan finds what has not been erased");
    let erased = app.ask(&phase(RightsPhase::Erase), &answers).await;
    assert_eq!((rows(&erased, "erased"), rows(&erased, "kept")), (vec![1], vec![2]), "tokens of the address and the number stay");
    let told = |event: &Incoming| event.decode::<ContactChanged>().is_ok_and(|told| (told.change(), told.version) == (Change::Deleted, 2));
    changes.next(|event| event.key == person.as_bytes() && told(event)).await;
    let scanned = app.ask(&phase(RightsPhase::Scan), &answers).await;
    assert_eq!((scanned.result(), rows(&scanned, "residual")), (RightsResult::Done, vec![0]));
    let again = app.ask(&phase(RightsPhase::Erase), &answers).await;
    assert_eq!((again.result(), rows(&again, "erased")), (RightsResult::Done, vec![0]), "again is no fault");
    assert_eq!(app.ask(&phase(RightsPhase::Plan), &answers).await.result(), RightsResult::Nothing);
    assert_eq!(app.owner().get_for(&path, OPERATE).await.status, 404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "what was sealed is opened to see whose key opens it")]
async fn what_is_collected_of_a_person_opens_with_their_package_key_alone() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com", "notes": "met in Turin", "language": "en-GB"})).await;
    let (answers, (case, case_key), person) = (app.answers().await, app.case().await, subject(&path));
    let outcome = app.ask(&app.task(case, Some(person), RightsPhase::Collect, Vec::new()), &answers).await;
    assert_eq!((outcome.result(), outcome.parts.len()), (RightsResult::Done, 1));
    let request = ReleaseKeysRequest {
        tenant_id: app.tenant.as_bytes().to_vec(),
        kind: HolderKind::Subject.into(),
        holder_ids: vec![person.as_bytes().to_vec()],
        subkeys: vec!["package".to_owned()],
        purpose: "legal_obligation".to_owned(),
        verb: "export".to_owned(),
    };
    let package = key(&app.ask_keyring("keys/release", request.encode_to_vec()).await);
    let place = Place { tenant: app.tenant, holder: person.uuid(), store: "contacts.package", row: case.uuid(), category: "package" };
    let opened = seal::open(&package, &place, &outcome.parts[0].sealed).unwrap();
    let document: Value = serde_json::from_slice(&opened).unwrap();
    let contact = &document["contact"];
    assert_eq!((&contact["personal"]["email"], &contact["imported"]["notes"]), (&json!("ada@example.com"), &json!("met in Turin")));
    assert_eq!((&contact["id"], &contact["language"]), (&json!(person), &json!("en-GB")));
    assert!(seal::open(&case_key, &place, &outcome.parts[0].sealed).is_err());
    let unknown = app.task(CaseId::new(&app.clock), Some(SubjectId::random()), RightsPhase::Collect, Vec::new());
    assert_eq!(app.ask(&unknown, &answers).await.result(), RightsResult::Nothing);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_comes_back_neither_by_address_nor_by_number() {
    let app = App::start().await;
    let owner = app.owner();
    let path = app.contact(&json!({"email": "ada@example.com", "telephone": "+49301234567"})).await;
    let bystander = app.contact(&json!({"email": "eve@example.com"})).await;
    app.erase(&path).await;
    let same = [
        json!({"email": "Ada@Example.com"}),
        json!({"telephone": "+49 30 1234567"}),
        json!({"email": "new@example.com", "telephone": "+49301234567"}),
    ];
    for body in same {
        let answer = owner.post("/v1/contacts", &body).await;
        assert_eq!((answer.status, answer.json()["type"].as_str()), (409, Some("/problems/conflict")), "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("asked not to be kept"), "{}", answer.text);
        assert_eq!(app.found(&body).await, Vec::<Value>::new(), "nothing was stored");
        let answer = change(&owner, Method::PATCH, &bystander, Some("\"1\""), &body).await;
        assert_eq!(answer.status, 409, "nor do they come in somebody else's row: {body}");
    }
    let rows = file(&[("ADA@example.com", "Ada", ""), ("", "Ada", "030 1234567"), ("grace@example.com", "Grace", "")]);
    let done = app.import("source=client&basis=contract&country=DE", &rows).await;
    assert_eq!((&done["counts"]["suppressed"], &done["counts"]["created"]), (&json!(2), &json!(1)), "{done}");
    assert_eq!(app.found(&json!({"email": "ada@example.com", "telephone": "+49301234567"})).await, Vec::<Value>::new());
    let (_, other) = app.other().await;
    assert_eq!(other.post("/v1/contacts", &json!({"email": "ada@example.com"})).await.status, 201, "another tenant was asked nothing");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_being_erased_is_waited_for_so_that_nobody_brings_their_number_back_meanwhile() {
    let app = App::start().await;
    let owner = app.owner();
    // An erasure that has written and has not committed: what it holds is in no index that is unique, and nobody else sees it yet.
    let (path, other) = (app.contact(&json!({"telephone": "+49301234567"})).await, app.contact(&json!({"email": "eve@example.com"})).await);
    let sql = app.database.superuser().await;
    let gate = "SELECT pg_advisory_lock(20261124); \
                CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM pg_advisory_xact_lock(20261124); RETURN NULL; END $$; \
                CREATE TRIGGER wait AFTER DELETE ON contacts.contacts FOR EACH ROW EXECUTE FUNCTION public.wait()";
    sql.batch_execute(gate).await.unwrap();
    let (answers, case) = (app.answers().await, CaseId::new(&app.clock));
    let task = app.task(case, Some(subject(&path)), RightsPhase::Erase, Vec::new());
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = \
                   (SELECT oid FROM pg_database WHERE datname = current_database())";
    let is_waiting = |count: i64| {
        let sql = &sql;
        testkit::until("they wait", move || async move { sql.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == count })
    };
    let (body, rows) = (json!({"telephone": "+49 30 1234567"}), file(&[("x@example.com", "", "030 1234567")]));
    let release = async {
        is_waiting(1).await;
        let held = tokio::join!(
            owner.post("/v1/contacts", &body),
            change(&owner, Method::PATCH, &other, Some("\"1\""), &body),
            app.import("source=client&basis=contract&country=DE", &rows),
            async {
                is_waiting(4).await;
                sql.execute("SELECT pg_advisory_unlock(20261124)", &[]).await.unwrap();
            }
        );
        (held.0.status, held.1.status, held.2)
    };
    let (erased, (made, changed, done)) = tokio::join!(app.ask(&task, &answers), release);
    assert_eq!(erased.result(), RightsResult::Done);
    assert_eq!((made, changed), (409, 409));
    assert_eq!((&done["counts"]["created"], &done["counts"]["suppressed"]), (&json!(0), &json!(1)), "{done}");
    assert_eq!(app.found(&body).await, Vec::<Value>::new(), "nobody brought the number back");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_a_file_or_a_change_added_is_kept_out_as_well() {
    let app = App::start().await;
    let ada = app.contact(&json!({"email": "ada@example.com"})).await;
    let grace = app.contact(&json!({"email": "grace@example.com"})).await;
    app.import("source=client&basis=contract&country=DE", &file(&[("ada@example.com", "", "030 1234567")])).await;
    let changed = change(&app.owner(), Method::PATCH, &grace, Some("\"1\""), &json!({"telephone": "+49307654321"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    app.erase(&ada).await;
    app.erase(&grace).await;
    for telephone in ["+49301234567", "+49307654321"] {
        assert_eq!(app.owner().post("/v1/contacts", &json!({"telephone": telephone})).await.status, 409, "{telephone}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_case_says_and_does_not_open_holds_nobody_up() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com"})).await;
    let (answers, (case, key)) = (app.answers().await, app.case().await);
    let place = Place { tenant: app.tenant, holder: case.uuid(), store: "rights.cases", row: case.uuid(), category: "personal" };
    let sealed = |text: &str| seal::seal(&key, &place, text.as_bytes());
    app.platform.say(&[app.task(case, None, RightsPhase::Find, vec![7; 64])]).await;
    app.platform.say(&[app.task(case, None, RightsPhase::Find, sealed("no JSON"))]).await;
    let outcome =
        app.ask(&app.task(case, None, RightsPhase::Find, sealed(&json!({"email": "ada@example.com"}).to_string())), &answers).await;
    assert_eq!(outcome.found_subject_ids, [subject(&path).as_bytes().to_vec()], "the next question of the case is answered");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_while_their_erasure_goes_on_is_kept_out_and_who_only_asks_for_a_copy_is_not() {
    let app = App::start().await;
    let owner = app.owner();
    for (email, kind, status) in [("ada@example.com", CaseKind::Erasure, 409), ("eve@example.com", CaseKind::Access, 201)] {
        let path = app.contact(&json!({"email": email})).await;
        let (answers, case) = (app.answers().await, CaseId::new(&app.clock));
        let planned = app.ask(&app.task_of(kind, (case, Some(subject(&path))), RightsPhase::Plan, Vec::new()), &answers).await;
        assert_eq!(planned.result(), RightsResult::Done);
        assert_eq!(change(&owner, Method::DELETE, &path, Some("\"1\""), &Value::Null).await.status, 204);
        assert_eq!(owner.post("/v1/contacts", &json!({"email": email})).await.status, status, "{email}");
        assert_eq!(app.database.count(app.tenant, "contacts.contact_deleted").await, 1);
    }
    app.stop().await;
}
