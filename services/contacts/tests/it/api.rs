//! The document, the walk over every operation, and what happens when keys cannot be had.

use crate::app::App;
use serde_json::json;
use testkit::send;

#[test]
fn the_api_is_what_we_said() {
    let document = contacts::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("contacts", document);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_wants_to_know_who_calls_and_what_they_may() {
    let app = App::start().await;
    let powerless = app.client.with(&app.platform.powerless(app.tenant).await);
    let document = serde_json::to_value(contacts::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert_ne!(operation["x-public"], json!(true), "nothing here is public");
            let path = path.replace("{id}", &kernel::SubjectId::random().to_string());
            let call = |client: &testkit::Client| send(client.request(method.to_uppercase().parse().unwrap(), &path).json(&json!({})));
            assert_eq!(call(&app.client).await.status, 401, "{method} {path} as nobody");
            let answer = call(&powerless).await;
            assert_eq!(answer.status, 403, "{method} {path} without the right: {}", answer.text);
        }
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_not_repeated_and_without_keys_nothing_is_stored() {
    let app = App::start().await;
    let owner = app.client.with(&app.owner);
    let canary = "cnry-4711";
    for (body, pointer) in [
        (json!({"email": canary}), "/email"),
        (json!({"first_name": canary}), "/email"),
        (json!({"email": "somebody@example.org", "time_zone": canary}), "/time_zone"),
        (json!({"email": "somebody@example.org", "language": format!("{canary}!")}), "/language"),
    ] {
        let answer = owner.post("/v1/contacts", &body).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{}", answer.text);
        assert!(!answer.text.contains(canary));
    }
    // Nothing answers at keyring's address here: what cannot be sealed is not kept.
    let unsealed = owner.post("/v1/contacts", &json!({"email": "somebody@example.org"})).await;
    assert_eq!(unsealed.status, 503, "{}", unsealed.text);
    let mut connection = <db::AsyncPgConnection as diesel_async::AsyncConnection>::establish(&app.database.owner_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
    app.runtime.shut_down().await;
}
