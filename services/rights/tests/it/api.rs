//! The document, the walk over every operation, and bad input.

use crate::app::App;
use serde_json::json;
use testkit::{send, walk};

#[test]
fn the_api_is_what_we_said() {
    let document = rights::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("rights", document);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_is_not_public_wants_to_know_who_calls_and_what_they_may() {
    let app = App::start().await;
    let powerless = app.client.with(&app.platform.powerless(app.tenant).await);
    let document = serde_json::to_value(rights::openapi()).unwrap();
    walk(&document, &app.client, &powerless, || kernel::CaseId::new(&app.clock).to_string()).await;
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_the_field_repeats_nothing_and_stores_nothing() {
    let app = App::start().await;
    let owner = app.client.with(&app.owner);
    let canary = "cnry-4711";
    let subject = kernel::SubjectId::random();
    for (path, body, pointer) in [
        ("/v1/cases", json!({"kind": canary, "subject_id": subject}), "/kind"),
        ("/v1/cases", json!({"kind": "access"}), "/email"),
        ("/v1/cases", json!({"kind": "access", "subject_id": subject, "email": format!("{canary}@example.org")}), "/subject_id"),
        ("/v1/cases", json!({"kind": "access", "email": canary}), "/email"),
        ("/v1/cases", json!({"kind": "access", canary: 1}), ""),
        ("/v1/contact-us", json!({"tenant": canary, "kind": "access", "email": "somebody@example.org"}), "/tenant"),
        ("/v1/contact-us", json!({"tenant": app.tenant, "kind": "access", "email": canary}), "/email"),
        (
            "/v1/contact-us",
            json!({"tenant": app.tenant, "kind": "access", "email": "somebody@example.org", "message": canary.repeat(1000)}),
            "/message",
        ),
        (
            "/v1/contact-us",
            json!({"tenant": app.tenant, "kind": "access", "email": "somebody@example.org", "message": format!("{canary} paid with 4242 4242 4242 4242")}),
            "/message",
        ),
    ] {
        let answer = owner.post(path, &body).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{path}: {}", answer.text);
        assert!(!answer.text.contains(canary) && !answer.text.contains("4242"), "{path} repeats what was sent");
    }
    assert_eq!(owner.get("/v1/cases").await.json()["data"], json!([]));
    for link in ["/c/", "/c/short", &format!("/c/{}", "A".repeat(86)), "/c/%00"] {
        assert_eq!(app.client.get(link).await.status, 404, "{link}");
    }
    let mut connection = <db::AsyncPgConnection as diesel_async::AsyncConnection>::establish(&app.database.owner_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_not_for_a_key_that_may_only_take_out_and_keys_away_open_no_case() {
    let app = App::start().await;
    let marketer = app.client.with(&app.platform.key(app.tenant, "marketer").await);
    let body = json!({"kind": "erasure", "subject_id": kernel::SubjectId::random()});
    let refused = marketer.post("/v1/cases", &body).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("verb-not-granted")), "{}", refused.text);
    // Nothing answers at keyring's address here: what a person gave could not be sealed, so nothing is kept.
    let asked = app.client.post("/v1/contact-us", &json!({"tenant": app.tenant, "kind": "access", "email": "somebody@example.org"})).await;
    assert_eq!(asked.status, 503, "{}", asked.text);
    assert_eq!(app.client.with(&app.owner).get("/v1/cases").await.json()["data"], json!([]));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_its_tenants_and_a_repeated_request_opens_one() {
    let app = App::start().await;
    let owner = app.client.with(&app.owner);
    let body = json!({"kind": "access", "subject_id": kernel::SubjectId::random()});
    let open = || send(owner.request(reqwest::Method::POST, "/v1/cases").header("idempotency-key", "k-1").json(&body));
    let (first, second) = (open().await, open().await);
    assert_eq!((first.status, second.status), (201, 201), "{} {}", first.text, second.text);
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(owner.get("/v1/cases").await.json()["data"].as_array().map(Vec::len), Some(1));
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let other = app.platform.tenant(&["support"]).await;
    let stranger = app.client.with(&app.platform.key(other, "owner").await);
    let foreign = stranger.get(&format!("/v1/cases/{id}")).await;
    let unknown = stranger.get(&format!("/v1/cases/{}", kernel::CaseId::new(&app.clock))).await;
    assert_eq!((foreign.status, foreign.without_instance()), (404, unknown.without_instance()));
    assert_eq!(stranger.get("/v1/cases").await.json()["data"], json!([]));
    for path in ["package", "certificate"] {
        assert_eq!(owner.get(&format!("/v1/cases/{id}/{path}")).await.status, 409, "{path} of a case that is not done");
    }
    let early = owner.post(&format!("/v1/cases/{id}/confirm"), &json!({})).await;
    assert_eq!(early.status, 409, "it waits for no confirmation: {}", early.text);
    // This service answers what it asks, as soon as it hears of it.
    assert_eq!(app.database.published(app.tenant).await[..2], ["rights.case_opened", "rights.tasks RightsTask"]);
    app.runtime.shut_down().await;
}
