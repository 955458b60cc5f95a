//! The document, and the walk over every operation.

use crate::app::App;
use serde_json::json;
use testkit::walk;

#[test]
fn the_api_is_what_we_said() {
    let document = consent::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("consent", document);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_is_not_public_wants_to_know_who_calls_and_what_they_may() {
    let app = App::start().await;
    let powerless = app.client.with(&app.platform.powerless(app.tenant).await);
    let document = serde_json::to_value(consent::openapi()).unwrap();
    walk(&document, &app.client, &powerless, || kernel::ConsentId::new(&app.clock).to_string()).await;
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_every_field_and_repeats_nothing() {
    let app = App::start().await;
    let owner = app.client.with(&app.owner);
    let canary = "cnry-4711";
    let body = json!({
        "subject_id": kernel::SubjectId::random(), "purpose": canary, "said": "given", "method": "form",
        "language": format!("{canary}!"), "text_version": format!("{canary} "), "text_sha256": canary,
    });
    let answer = owner.post("/v1/consents", &body).await;
    let pointers: Vec<String> =
        answer.json()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        (answer.status, pointers),
        (422, ["/purpose", "/language", "/text_version", "/text_sha256"].map(ToOwned::to_owned).to_vec())
    );
    assert!(!answer.text.contains(canary));
    for (body, status) in [
        (json!({"subject_id": canary}), 422),
        (json!({"subject_id": kernel::SubjectId::random(), "purpose": ["a", "b"]}), 422),
        (json!([]), 422),
    ] {
        let answer = owner.post("/v1/consents", &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(!answer.text.contains(canary));
    }
    let unregistered =
        json!({"questions": [{"subject_id": kernel::SubjectId::random(), "purpose": canary, "verb": "read", "categories": ["personal"]}]});
    let answer = owner.post("/v1/decisions", &unregistered).await;
    assert_eq!((answer.status, answer.json()["data"][0]["withheld"][0]["reason"].as_str()), (200, Some("purpose-not-registered")));
    assert!(!answer.text.contains(canary));
    assert_eq!(owner.post("/v1/decisions", &json!({"questions": []})).await.status, 422);
    let mut connection = <db::AsyncPgConnection as diesel_async::AsyncConnection>::establish(&app.database.owner_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
    app.runtime.shut_down().await;
}
