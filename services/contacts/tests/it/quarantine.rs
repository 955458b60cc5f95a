//! What a provider gave without an assurance: it waits, adds nothing to anybody who does not, and is let out by whoever answers for it.

use crate::app::{App, OPERATE};
use crate::imports::file;
use events::contacts::ContactChanged;
use events::{Incoming, topics};
use serde_json::{Value, json};
use testkit::Listener;

const UNASSURED: &str = "source=provider&basis=legitimate_interest&country=DE";
const CLIENT: &str = "source=client&basis=contract&country=DE";

/// An assurance that covers collection.
async fn assurance(app: &App) -> String {
    let body = json!({"provider": "acme-data", "document_sha256": "ab".repeat(32), "covers_collection": true, "covers_sharing": false,
        "signed_on": "2026-01-01"});
    let answer = app.owner().post("/v1/attestations", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn one(app: &App, email: &str) -> Value {
    let mut found = app.found(&json!({"email": email})).await;
    assert_eq!(found.len(), 1, "{email}");
    found.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_assures_adds_nothing_to_people_who_are_there() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com", "first_name": "Ada"})).await;
    let rows =
        file(&[("ada@example.com", "Augusta", "030 1234567"), ("ada@example.com", "", "030 1234567"), ("new@example.com", "New", "")]);
    let done = app.import(UNASSURED, &rows).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["merged"]), (&json!(1), &json!(2)), "{done}");
    assert_eq!(done["counts"]["warnings"], json!({"no-assurance": 2}));
    let seen = app.owner().get_for(&path, OPERATE).await;
    assert_eq!((seen.header("etag"), &seen.json()["telephone"]), (Some("\"1\""), &Value::Null), "{}", seen.text);
    assert_eq!(app.found(&json!({"telephone": "+49301234567"})).await, Vec::<Value>::new(), "nor are they found by it");

    app.import(UNASSURED, &file(&[("new@example.com", "", "030 7654321")])).await;
    let new = one(&app, "new@example.com").await;
    assert_eq!((&new["quarantined"], &new["telephone_e164"]), (&json!(true), &json!("+49307654321")), "what waits may grow: {new}");
    let done = app.import(&format!("{UNASSURED}&attestation_id={}", assurance(&app).await), &rows).await;
    assert_eq!(done["counts"]["warnings"], json!({}));
    assert_eq!(one(&app, "ada@example.com").await["telephone_e164"], json!("+49301234567"), "with an assurance it is taken");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_let_out_by_an_assurance_or_by_the_client_with_what_these_answer_for() {
    let app = App::start().await;
    app.import(UNASSURED, &file(&[("a@example.com", "A", "030 1234567"), ("c@example.com", "C", "030 7654321")])).await;
    let changes = Listener::start(app.platform.config(), &topics::CONTACT_CHANGES).await;
    let assured = format!("{UNASSURED}&attestation_id={}", assurance(&app).await);
    for (declared, email, source) in [(assured.as_str(), "a@example.com", "provider"), (CLIENT, "c@example.com", "client")] {
        let before = one(&app, email).await;
        let done = app.import(declared, &file(&[(email, "Known", "")])).await;
        assert_eq!((&done["counts"]["merged"], &done["counts"]["warnings"]), (&json!(1), &json!({})), "{done}");
        let after = one(&app, email).await;
        assert_eq!((&before["quarantined"], &after["quarantined"]), (&json!(true), &json!(false)), "{email}");
        assert_eq!((&after["id"], &after["source"], &after["version"]), (&before["id"], &json!(source), &json!(2)));
        assert_eq!((&after["first_name"], &after["telephone"]), (&json!("Known"), &Value::Null), "what nobody answers for is gone");
        let id: kernel::SubjectId = after["id"].as_str().unwrap().parse().unwrap();
        let second = |event: &Incoming| event.decode::<ContactChanged>().is_ok_and(|told| told.version == 2);
        let told = changes.next(|event| event.key == id.as_bytes() && second(event)).await.decode::<ContactChanged>().unwrap();
        assert_eq!((told.quarantined, told.source.as_str()), (false, source));
    }
    for telephone in ["+49301234567", "+49307654321"] {
        assert_eq!(app.found(&json!({"telephone": telephone})).await, Vec::<Value>::new());
    }
    let sql = "SELECT count(*) FROM contacts.contacts c JOIN contacts.imports i ON i.id = c.import_id \
               WHERE c.attestation_id IS NOT DISTINCT FROM i.attestation_id AND c.source = i.source AND NOT c.quarantined";
    let rests: i64 = app.database.superuser().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(rests, 2, "each row names the import and the assurance on which it rests");
    app.stop().await;
}
