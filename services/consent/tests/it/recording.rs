//! What people say over HTTP, and what follows from it.

use crate::app::App;
use crate::contacts::knows;
use events::contacts::Change;
use seal::evidence::Kind;
use serde_json::{Value, json};
use testkit::send;

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_given_and_withdrawn_and_each_time_the_decision_follows() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let newsletter = "client_service:newsletter";
    assert_eq!(app.decided(person, newsletter).await, (json!([]), json!("no-consent")));
    assert_eq!(app.decided(person, "client_service:support").await.0, json!(["personal"]), "support rests on a contract");
    assert_eq!(app.decided(person, "direct_marketing").await.1, json!("processor-record"));

    let given = app.says(person, newsletter, "given").await;
    assert_eq!(given.status, 201, "{}", given.text);
    assert_eq!(app.decided(person, newsletter).await.0, json!(["personal"]));
    let (recorded, effective) = (given.json()["recorded_at"].clone(), given.json()["effective_by"].clone());
    assert_eq!((recorded, effective), (json!("2026-11-24T09:00:00Z"), json!("2026-11-24T09:00:10Z")), "the lease is ten seconds");

    let withdrawn = app.says(person, newsletter, "withdrawn").await;
    assert_eq!(withdrawn.status, 201, "{}", withdrawn.text);
    assert_eq!(app.decided(person, newsletter).await, (json!([]), json!("consent-withdrawn")));
    let history = app.client.with(&app.owner).post("/v1/consents/search", &json!({"subject_id": person})).await.json();
    let said: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|record| &record["said"]).collect();
    assert_eq!(said, ["withdrawn", "given"], "nothing is rewritten");
    assert_eq!(app.database.count(app.tenant, "consent.recorded").await, 2, "each is on record");
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_verifies_offline_and_not_when_a_word_of_it_changes() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let given = app.says(person, "client_service:newsletter", "given").await.json();
    let receipt = app.client.with(&app.owner).get(&format!("/v1/receipts/{}", given["receipt_id"].as_str().unwrap())).await.json();
    let jws = receipt["jws"].as_str().unwrap();
    let document = app.evidence.verify(Kind::Receipt, jws).unwrap();
    assert_eq!(document["pii_principal_id"], json!(person));
    assert_eq!((&document["event"], &document["lawful_basis"]), (&json!("given"), &json!("consent")));
    assert_eq!(document["privacy_notice"], "https://tenant.example/privacy");
    let middle = jws.len() / 2;
    let changed = format!("{}{}{}", &jws[..middle], if jws.as_bytes()[middle] == b'A' { "B" } else { "A" }, &jws[middle + 1..]);
    assert!(app.evidence.verify(Kind::Receipt, &changed).is_err());
    assert!(app.evidence.verify(Kind::Certificate, jws).is_err(), "a receipt is no certificate");
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_follow_is_refused_and_changes_nothing() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let newsletter = "client_service:newsletter";
    assert_eq!(app.says(person, newsletter, "withdrawn").await.status, 409, "nothing to withdraw");
    assert_eq!(app.says(person, newsletter, "refused").await.status, 201);
    assert_eq!(app.says(person, newsletter, "given").await.status, 201);
    assert_eq!(app.says(person, newsletter, "refused").await.status, 409, "what was given is withdrawn");
    for (purpose, said, code) in [
        ("client_service:support", "given", "not-by-consent"),
        ("direct_marketing", "given", "out-of-reach"),
        ("client_service:support", "objected", "not-objectable"),
    ] {
        let answer = app.says(person, purpose, said).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["code"].as_str()), (422, Some(code)), "{purpose} {said}");
    }
    let history = app.client.with(&app.owner).post("/v1/consents/search", &json!({"subject_id": person})).await.json();
    assert_eq!(history["data"].as_array().unwrap().len(), 2);
    assert_eq!(app.database.count(app.tenant, "consent.recorded").await, 2);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_its_effect_once() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let owner = app.client.with(&app.owner);
    let body = App::statement(person, "client_service:newsletter", "given");
    let call = |body: Value| send(owner.request("POST".parse().unwrap(), "/v1/consents").header("idempotency-key", "k-1").json(&body));
    let first = call(body.clone()).await;
    let again = call(body.clone()).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    let other = call(App::statement(person, "client_service:newsletter", "withdrawn")).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    assert_eq!(app.database.count(app.tenant, "consent.recorded").await, 1);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_gone_is_not_found_and_their_state_is_taken_back() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    app.says(person, "client_service:newsletter", "given").await;
    app.platform.say(&[app.changed(app.tenant, person, 2, Change::Deleted, "processor")]).await;
    testkit::until("consent hears that the contact was deleted", || async { !knows(&app, person).await }).await;
    assert_eq!(app.says(person, "client_service:newsletter", "withdrawn").await.status, 404);
    let found = app.client.with(&app.owner).post("/v1/consents/search", &json!({"subject_id": person})).await.json();
    assert_eq!(found["data"][0]["said"], "given", "what was said stays on record: {found}");
    let sql = app.database.superuser().await;
    for table in ["states", "acknowledgements"] {
        let rows: i64 =
            sql.query_one(&format!("SELECT count(*) FROM consent.{table} WHERE subject_id = '{person}'"), &[]).await.unwrap().get(0);
        assert_eq!(rows, 0, "{table}");
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_people_and_records_are_not_found() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let record = app.says(person, "client_service:newsletter", "given").await.json();
    let other = app.platform.tenant(&["newsletter"]).await;
    let stranger = app.client.with(&app.platform.key(other, "owner").await);
    let path = format!("/v1/consents/{}", record["id"].as_str().unwrap());
    let unknown = format!("/v1/consents/{}", kernel::ConsentId::new(&app.clock));
    let (foreign, never) = (stranger.get(&path).await, stranger.get(&unknown).await);
    assert_eq!((foreign.status, foreign.without_instance()), (404, never.without_instance()));
    assert_eq!(stranger.get(&format!("/v1/receipts/{}", record["receipt_id"].as_str().unwrap())).await.status, 404);
    assert_eq!(stranger.post("/v1/consents/search", &json!({"subject_id": person})).await.json()["data"], json!([]));
    assert_eq!(stranger.post("/v1/consents", &App::statement(person, "client_service:newsletter", "withdrawn")).await.status, 404);
    app.runtime.shut_down().await;
}
