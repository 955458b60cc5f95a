//! Contacts over HTTP: made, read for a purpose, changed, found, deleted.

use crate::app::{App, OPERATE, change};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

fn ada() -> Value {
    json!({
        "email": " Ada@Example.com", "first_name": "Ada", "last_name": "Lovelace", "telephone": "+49 30 1234567", "company_address": "1 Analytical Row",
        "employee_count": "42", "language": "en-GB", "notes": "met in Turin", "custom": {"tier": "gold"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_made_read_changed_and_deleted() {
    let app = App::start().await;
    let owner = app.owner();
    let made = owner.post("/v1/contacts", &ada()).await;
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.text);
    assert!(!made.text.to_lowercase().contains("ada") && !made.text.contains("Turin"), "the answer repeats no value");
    let path = made.header("location").unwrap().to_owned();

    let read = owner.get_for(&path, OPERATE).await;
    let seen = read.json();
    assert_eq!((read.status, read.header("etag"), &seen["withheld"]), (200, Some("\"1\""), &json!([])), "{}", read.text);
    assert_eq!((&seen["email"], &seen["telephone_e164"]), (&json!("Ada@Example.com"), &json!("+49301234567")));
    assert_eq!((&seen["employee_count"], &seen["custom"]), (&json!("11-50"), &json!({"tier": "gold"})));
    assert_eq!((&seen["role"], &seen["source"], &seen["quarantined"]), (&json!("processor"), &json!("client"), &json!(false)));

    let body = json!({"first_name": "Augusta", "email": "augusta@example.com"});
    assert_eq!(change(&owner, Method::PATCH, &path, None, &body).await.status, 428);
    assert_eq!(change(&owner, Method::PATCH, &path, Some("\"7\""), &body).await.status, 412);
    let changed = change(&owner, Method::PATCH, &path, Some("\"1\""), &body).await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
    assert!(!changed.text.to_lowercase().contains("augusta"), "the answer repeats no value");
    assert_eq!(change(&owner, Method::PATCH, &path, Some("\"1\""), &body).await.status, 412, "somebody changed it since");
    let seen = owner.get_for(&path, OPERATE).await.json();
    assert_eq!((&seen["first_name"], &seen["company_address"]), (&json!("Augusta"), &json!("1 Analytical Row")), "the others stay");
    assert_eq!(app.found(&json!({"email": "ada@example.com"})).await, Vec::<Value>::new());
    assert_eq!(app.found(&json!({"email": "augusta@example.com"})).await.len(), 1);

    assert_eq!(change(&owner, Method::DELETE, &path, None, &json!({})).await.status, 428);
    assert_eq!(change(&owner, Method::DELETE, &path, Some("\"1\""), &json!({})).await.status, 412);
    assert_eq!(change(&owner, Method::DELETE, &path, Some("\"2\""), &json!({})).await.status, 204);
    assert_eq!(owner.get_for(&path, OPERATE).await.status, 404);
    assert_eq!(owner.post("/v1/contacts", &ada()).await.status, 201, "who was deleted, not erased, may come again");
    let (told, read) = ("contacts.changes ContactChanged", "contacts.reads ReadRecord");
    let published = [told, read, read, told, read, read, "contacts.contact_deleted", told, told];
    assert_eq!(app.database.published(app.tenant).await, published, "and what was refused says nothing");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_sent_as_null_is_blank_from_then_on_and_leaves_no_token() {
    let app = App::start().await;
    let (owner, path) = (app.owner(), app.contact(&ada()).await);
    let send_change = async |version: &str, body: Value| change(&owner, Method::PATCH, &path, Some(version), &body).await;
    let last = send_change("\"1\"", json!({"email": null, "telephone": null})).await;
    assert_eq!((last.status, last.json()["errors"][0]["code"].as_str()), (422, Some("missing-identifier")), "{}", last.text);
    let gone = ["telephone", "first_name", "last_name", "company_address", "employee_count", "language", "notes", "custom"];
    let nulls: Value = gone.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(send_change("\"1\"", nulls).await.status, 200);
    let seen = owner.get_for(&path, OPERATE).await.json();
    for name in gone.iter().chain(&["telephone_e164"]) {
        assert_eq!(seen[name], Value::Null, "{name}");
    }
    assert_eq!(seen["email"], "Ada@Example.com", "what was not sent stays");
    assert_eq!(app.found(&json!({"telephone": "+49301234567"})).await, Vec::<Value>::new());
    let tokens =
        "SELECT telephone_index IS NULL AND suppression_telephone IS NULL AND suppression_token IS NOT NULL FROM contacts.contacts";
    assert!(app.database.superuser().await.query_one(tokens, &[]).await.unwrap().get::<_, bool>(0));
    let last = send_change("\"2\"", json!({"email": null})).await;
    assert_eq!((last.status, last.json()["errors"][0]["pointer"].as_str()), (422, Some("/email")));
    assert_eq!(send_change("\"2\"", json!({"email": null, "telephone": "+49301234567"})).await.status, 200, "another stays");
    assert_eq!(app.found(&json!({"email": "ada@example.com"})).await, Vec::<Value>::new());
    let support = app.client.with(&app.platform.key(app.tenant, "support").await);
    let refused = change(&support, Method::PATCH, &path, Some("\"3\""), &json!({"website_url": null})).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("category-not-granted")), "to blank is to write");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_contact_stands_in_the_database_in_clear() {
    let app = App::start().await;
    app.contact(&ada()).await;
    let rows = app.database.superuser().await.query("SELECT c::text FROM contacts.contacts c", &[]).await.unwrap();
    let row: String = rows[0].get(0);
    let row = row.to_lowercase();
    assert!(row.contains("en-gb"), "closed vocabularies are in clear");
    for value in ["lovelace", "example.com", "301234567", "analytical", "turin", "gold"] {
        let in_hex = hex::encode(value);
        assert!(!row.contains(value) && !row.contains(&in_hex), "{value}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_contact_is_as_unknown_as_none() {
    let app = App::start().await;
    let path = app.contact(&ada()).await;
    let (_, other) = app.other().await;
    let nowhere = format!("/v1/contacts/{}", kernel::SubjectId::random());
    let unknown = other.get_for(&nowhere, OPERATE).await;
    let theirs = other.get_for(&path, OPERATE).await;
    assert_eq!((theirs.status, theirs.without_instance()), (404, unknown.without_instance()));
    for method in [Method::PATCH, Method::DELETE] {
        let unknown = change(&other, method.clone(), &nowhere, Some("\"1\""), &json!({"first_name": "Eve"})).await;
        let theirs = change(&other, method.clone(), &path, Some("\"1\""), &json!({"first_name": "Eve"})).await;
        assert_eq!((theirs.status, theirs.without_instance()), (404, unknown.without_instance()), "{method}");
    }
    let search = other.request(Method::POST, "/v1/contacts/search").header("mxtr-purpose", OPERATE);
    assert_eq!(send(search.json(&json!({"email": "ada@example.com"}))).await.json()["data"], json!([]));
    assert_eq!(other.get_for("/v1/contacts", OPERATE).await.json()["data"], json!([]));
    assert_eq!(other.post("/v1/contacts", &ada()).await.status, 201, "an address is taken in one tenant alone");
    assert_eq!(app.owner().get_for(&path, OPERATE).await.json()["first_name"], "Ada");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_a_category_sees_and_writes_nothing_of_it() {
    let app = App::start().await;
    let path = app.contact(&ada()).await;
    let support = app.client.with(&app.platform.key(app.tenant, "support").await);
    let seen = support.get_for(&path, OPERATE).await.json();
    assert_eq!((&seen["email"], &seen["notes"]), (&json!("Ada@Example.com"), &json!("met in Turin")));
    assert_eq!((&seen["company_address"], &seen["employee_count"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["withheld"], json!([{"categories": ["business"], "reason": "category-not-granted"}]));
    let refused = change(&support, Method::PATCH, &path, Some("\"1\""), &json!({"company_address": "2 Row"})).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("category-not-granted")));
    let refused = support.post("/v1/contacts", &json!({"email": "b@example.com", "website_url": "https://b.example"})).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("category-not-granted")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_deleted_by_those_alone_who_may_write_all_of_it() {
    let app = App::start().await;
    let support = app.client.with(&app.platform.key(app.tenant, "support").await);
    let developer = app.client.with(&app.platform.key(app.tenant, "developer").await);
    let (whole, plain) = (app.contact(&ada()).await, app.contact(&json!({"email": "b@example.com", "language": "en"})).await);
    for (by, path) in [(&support, &whole), (&developer, &whole), (&developer, &plain)] {
        let refused = change(by, Method::DELETE, path, Some("\"1\""), &json!({})).await;
        assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("category-not-granted")), "{}", refused.text);
        assert_eq!(app.owner().get_for(path, OPERATE).await.status, 200, "nothing is gone");
    }
    let refused = change(&developer, Method::PATCH, &plain, Some("\"1\""), &json!({"language": "de"})).await;
    assert_eq!(
        (refused.status, refused.json()["reason"].as_str()),
        (403, Some("category-not-granted")),
        "a client's record is imported data"
    );
    assert_eq!(change(&support, Method::PATCH, &plain, Some("\"1\""), &json!({"language": "de"})).await.status, 200);
    assert_eq!(
        change(&support, Method::DELETE, &plain, Some("\"2\""), &json!({})).await.status,
        204,
        "support may write all that is there"
    );
    let marketer = app.client.with(&app.platform.key(app.tenant, "marketer").await);
    assert_eq!(change(&marketer, Method::DELETE, &whole, Some("\"1\""), &json!({})).await.status, 204);
    assert_eq!(app.database.count(app.tenant, "contacts.contact_deleted").await, 2);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_read_for_a_purpose_that_reaches_it() {
    let app = App::start().await;
    let (owner, path) = (app.owner(), app.contact(&ada()).await);
    assert_eq!(owner.get(&path).await.status, 400, "a purpose is said");
    let unregistered = owner.get_for(&path, "world_peace").await;
    assert_eq!((unregistered.status, unregistered.json()["reason"].as_str()), (403, Some("purpose-not-registered")));
    for (purpose, reason) in [
        ("client_service:newsletter", "no-consent"),
        ("client_service:sms", "service-not-chosen"),
        ("direct_marketing", "processor-record"),
    ] {
        let answer = owner.get_for(&path, purpose).await;
        assert_eq!((answer.status, answer.json()["withheld"][0]["reason"].as_str()), (200, Some(reason)), "{purpose}");
        assert!(!answer.text.to_lowercase().contains("ada"), "{purpose}");
    }
    assert_eq!(owner.get_for(&path, "client_service:support").await.json()["first_name"], "Ada", "support rests on a contract");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_the_exact_value_and_no_other() {
    let app = App::start().await;
    app.contact(&ada()).await;
    app.contact(&json!({"email": "ada@example.org", "telephone": "+49 30 7654321"})).await;
    for (by, hits) in [
        (json!({"email": "ADA@example.com "}), 1),
        (json!({"email": "ad@example.com"}), 0),
        (json!({"telephone": "+49 (30) 1234-567"}), 1),
        (json!({"telephone": "+49 30 123456"}), 0),
        (json!({"email": "ada@example.com", "telephone": "+49 30 7654321"}), 2),
    ] {
        assert_eq!(app.found(&by).await.len(), hits, "{by}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_listed_page_by_page_each_once() {
    let app = App::start().await;
    for number in 0..5 {
        app.contact(&json!({"email": format!("p{number}@example.com")})).await;
    }
    let (owner, mut path, mut seen) = (app.owner(), "/v1/contacts?limit=2".to_owned(), Vec::new());
    loop {
        let page = owner.get_for(&path, OPERATE).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|contact| contact["email"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/contacts?limit=2&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, (0..5).map(|number| format!("p{number}@example.com")).collect::<Vec<_>>());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_has_its_effect_once_and_an_address_is_taken_once() {
    let app = App::start().await;
    let owner = app.owner();
    let call = |body: Value| send(owner.request(Method::POST, "/v1/contacts").header("idempotency-key", "k-1").json(&body));
    let (first, again) = (call(ada()).await, call(ada()).await);
    assert_eq!((first.status, again.status, first.json()), (201, 201, again.json()));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    let other = call(json!({"email": "b@example.com"})).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    let taken = owner.post("/v1/contacts", &json!({"email": "ADA@example.com"})).await;
    assert_eq!((taken.status, taken.text.to_lowercase().contains("ada@")), (409, false));
    assert_eq!(app.found(&json!({"email": "ada@example.com"})).await.len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sealed_is_not_kept() {
    let app = App::start().await;
    app.lose_keyring().await;
    let unsealed = app.owner().post("/v1/contacts", &json!({"email": "somebody@example.org"})).await;
    assert_eq!(unsealed.status, 503, "{}", unsealed.text);
    let sql = app.database.superuser().await;
    let rows: i64 = sql.query_one("SELECT count(*) FROM contacts.contacts", &[]).await.unwrap().get(0);
    assert_eq!(rows, 0);
    app.runtime.shut_down().await;
}
