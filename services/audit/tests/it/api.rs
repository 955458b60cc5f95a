//! The document, and the walk over every operation.

use crate::app::App;
use testkit::send;

#[test]
fn the_api_is_what_we_said() {
    let document = audit::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("audit", document);
    });
}

#[test]
fn the_inventory_names_every_personal_column() {
    let stores: Vec<&str> = audit::inventory().iter().map(|store| store.store).collect();
    assert_eq!(stores, ["audit.entries", "audit.subjects"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_is_not_public_wants_to_know_who_calls() {
    let app = App::start().await;
    let document = serde_json::to_value(audit::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{leaf}", "0");
            let call = |client: &testkit::Client| {
                send(
                    client
                        .request(method.to_uppercase().parse().unwrap(), &path)
                        .json(&serde_json::json!({"subject_id": kernel::SubjectId::random()})),
                )
            };
            let public = operation["x-public"] == true;
            assert_eq!(call(&app.client).await.status == 401, !public, "{method} {path} as nobody");
            let marketer = app.platform.key(app.tenant, "marketer").await;
            if !public {
                let answer = call(&app.client.with(&marketer)).await;
                assert_eq!(
                    (answer.status, answer.json()["reason"].as_str()),
                    (403, Some("purpose-not-granted")),
                    "{method} {path} without the purpose"
                );
            }
        }
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_problem_that_repeats_nothing() {
    let app = App::start().await;
    let auditor = app.client.with(&app.auditor);
    let canary = "cnry-4711";
    for (path, status) in [
        (format!("/v1/reads?limit={canary}"), 400),
        ("/v1/reads?limit=0".to_owned(), 400),
        ("/v1/reads?limit=201".to_owned(), 400),
        (format!("/v1/reads?cursor={canary}"), 400),
        (format!("/v1/reads?{canary}=1"), 400),
        (format!("/v1/reads/{canary}/proof"), 404),
        ("/v1/reads/99/proof".to_owned(), 404),
        ("/v1/audit/proofs/inclusion?leaf=5&size=5".to_owned(), 404),
        ("/v1/audit/proofs/inclusion?leaf=0&size=99".to_owned(), 404),
        ("/v1/audit/proofs/consistency?from=0&to=5".to_owned(), 404),
        (format!("/v1/audit/proofs/consistency?from={canary}&to=5"), 400),
        ("/v1/audit/checkpoint".to_owned(), 404),
        (format!("/v1/{canary}"), 404),
    ] {
        let answer = auditor.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert!(!answer.text.contains(canary), "{path} repeats what was sent");
    }
    for (body, pointer) in [
        (serde_json::json!({}), "/subject_id"),
        (serde_json::json!({"subject_id": canary}), "/subject_id"),
        (serde_json::json!({"subject_id": kernel::SubjectId::random(), "limit": 0}), "/limit"),
        (serde_json::json!({"subject_id": kernel::SubjectId::random(), "surplus": canary}), "/surplus"),
    ] {
        let answer = auditor.post("/v1/reads/search", &body).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{}", answer.text);
        assert!(!answer.text.contains(canary));
    }
    let answer = send(auditor.request("DELETE".parse().unwrap(), "/v1/reads")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    app.runtime.shut_down().await;
}
