//! The document, the walk over every operation, and bad input on every route.

use crate::app::{App, OPERATE};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, send};

#[test]
fn the_api_is_what_we_said() {
    let document = contacts::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("contacts", document);
    });
}

/// Every operation of the document: (method, path).
fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(contacts::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert_ne!(operation["x-public"], true, "nothing of contacts is public");
            all.push((method.to_uppercase().parse().unwrap(), path.replace("{id}", &kernel::SubjectId::random().to_string())));
        }
    }
    assert!(all.len() >= 12);
    all
}

async fn call(client: &Client, method: &Method, path: &str) -> Answer {
    let request = client.request(method.clone(), path);
    send(if *method == Method::GET { request } else { request.header("if-match", "\"1\"").json(&json!({})) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_who_calls_and_what_they_may_do() {
    let app = App::start().await;
    let powerless = app.client.with(&app.platform.powerless(app.tenant).await);
    for (method, path) in operations() {
        let nobody = call(&app.client, &method, &path).await;
        assert_eq!((nobody.status, nobody.header("www-authenticate").is_some()), (401, true), "{method} {path} as nobody");
        let unknown = call(&app.client.with_bearer("mxtr_live_cnry"), &method, &path).await;
        assert_eq!((unknown.status, unknown.text.contains("cnry")), (401, false), "{method} {path} with text that is no key");
        assert_eq!(call(&powerless, &method, &path).await.status, 403, "{method} {path} without the right");
    }
    app.stop().await;
}

/// Bodies that are wrong in one field: (path, body, the pointer that is named). Every wrong value holds the canary.
fn bad_bodies() -> Vec<(&'static str, Value, &'static str)> {
    let contact = |field: &str, value: Value| {
        let mut sent = json!({"email": "ok@example.com"});
        sent[field] = value;
        ("/v1/contacts", sent, "")
    };
    let attestation = |field: &str, value: Value| {
        let mut body = json!({"provider": "acme", "document_sha256": "00".repeat(32), "covers_collection": true,
            "covers_sharing": false, "signed_on": "2026-01-01"});
        body[field] = value;
        ("/v1/attestations", body, "")
    };
    let at = |(path, body, _): (&'static str, Value, &str), pointer: &'static str| (path, body, pointer);
    let card = "cnry 4242 4242 4242 4242";
    vec![
        at(contact("email", json!("cnry@@example.com")), "/email"),
        at(contact("email", json!({"cnry": 1})), "/email"),
        at(contact("email", json!("cnry.4242424242424242@example.com")), "/email"),
        at(contact("telephone", json!("cnry")), "/telephone"),
        at(contact("first_name", json!(format!("cnry{}", "x".repeat(40_000)))), "/first_name"),
        at(contact("last_name", json!(card)), "/last_name"),
        at(contact("company_name", json!(card)), "/company_name"),
        at(contact("company_address", json!(card)), "/company_address"),
        at(contact("employee_count", json!("cnry")), "/employee_count"),
        at(contact("website_url", json!("cnry.example")), "/website_url"),
        at(contact("language", json!("cnry!")), "/language"),
        at(contact("time_zone", json!("Europe/Cnry")), "/time_zone"),
        at(contact("notes", json!(card)), "/notes"),
        at(contact("custom", json!({"tier": card})), "/custom"),
        at(contact("custom", json!({card: "gold"})), "/custom"),
        at(contact("custom", json!({"health_cnry": "x"})), "/custom"),
        at(contact("surplus", json!("cnry")), ""),
        at(contact("notes", json!("cnry\u{0}")), ""),
        ("/v1/contacts", json!({"first_name": "cnry"}), "/email"),
        ("/v1/contacts/search", json!({}), "/email"),
        ("/v1/contacts/search", json!({"email": "cnry"}), "/email"),
        ("/v1/contacts/search", json!({"telephone": "cnry"}), "/telephone"),
        at(attestation("provider", json!("cnry cnry")), "/provider"),
        at(attestation("document_sha256", json!("cnry")), "/document_sha256"),
        at(attestation("signed_on", json!("cnry")), "/signed_on"),
        at(attestation("covers_sharing", json!("cnry")), "/covers_sharing"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_body_gets_a_problem_that_names_the_field_and_repeats_nothing() {
    let app = App::start().await;
    let owner = app.owner();
    for (path, wrong, pointer) in bad_bodies() {
        let answer = send(owner.request(Method::POST, path).header("mxtr-purpose", OPERATE).json(&wrong)).await;
        let said = answer.json();
        let named: Vec<&str> = said["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(answer.status, 422, "{path} {pointer}: {}", answer.text);
        assert!(pointer.is_empty() || named == [pointer], "{path} {pointer}: {named:?}");
        assert!(!answer.text.to_lowercase().contains("cnry") && !answer.text.contains("4242"), "{path} {pointer} is repeated");
    }
    let several = owner.post("/v1/contacts", &json!({"email": "cnry", "telephone": "cnry", "language": "cnry!"})).await;
    assert_eq!(several.json()["errors"].as_array().unwrap().len(), 3, "all faults are told at once");
    let made = app.contact(&json!({"email": "ok@example.com"})).await;
    let patch = owner.request(Method::PATCH, &made).header("if-match", "\"1\"");
    let answer = send(patch.json(&json!({"telephone": "cnry"}))).await;
    assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some("/telephone")));
    assert!(!answer.text.contains("cnry"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_gets_a_problem_that_repeats_nothing() {
    let app = App::start().await;
    let owner = app.owner();
    let post = |path: &str, kind: &str, body: &str| {
        send(owner.request(Method::POST, path).header("content-type", kind.to_owned()).body(body.to_owned()))
    };
    let file = "email,notes\ncnry@example.com,x\n";
    for (answer, status) in [
        (post("/v1/contacts", "application/json", "{\"email\": \"cnry").await, 400),
        (post("/v1/contacts", "text/plain", "cnry").await, 415),
        (post("/v1/contacts", "application/json", &format!("\"{}\"", "cnry".repeat(1_000_000))).await, 413),
        (post("/v1/imports?source=client&basis=contract", "application/json", file).await, 415),
        (post("/v1/imports?source=cnry&basis=contract", "text/csv", file).await, 400),
        (post("/v1/imports?source=client&basis=contract&country=cnry", "text/csv", file).await, 400),
        (post("/v1/imports?source=client&basis=contract", "text/csv", "").await, 400),
        (post("/v1/imports?source=client&basis=contract", "text/csv", &file.repeat(200_000)).await, 413),
        (owner.get_for("/v1/contacts?cursor=cnry", OPERATE).await, 400),
        (owner.get_for("/v1/contacts/cnry", OPERATE).await, 404),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"), "{status}");
        assert!(!answer.text.contains("cnry"), "{status}: {}", answer.text);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_under_row_level_security() {
    let database = testkit::database(kernel::Service::Contacts, contacts::MIGRATIONS).await;
    let mut connection = <db::AsyncPgConnection as diesel_async::AsyncConnection>::establish(&database.owner_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
}
