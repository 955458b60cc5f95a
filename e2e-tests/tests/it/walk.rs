//! Every operation of every document: as nobody, with a key that lacks the limit, as another tenant, and with bad input. Nothing is shown, nothing is repeated.

use crate::rights::ended;
use e2e_tests::platform::{Answer, Platform, send, until};
use reqwest::Method;
use serde_json::{Value, json};

const CANARY: &str = "cnry-personal-4711";
const SERVICES: [&str; 5] = ["identity", "contacts", "consent", "audit", "rights"];
const UNKNOWN: &str = "01a20c0b-6de1-75f8-8d56-f1061b5ade26";

crate::in_both_shapes! {
    nobody_gets_in_and_bad_input_is_named_and_not_repeated,
    a_key_that_lacks_the_limit_is_refused_on_every_operation,
    another_tenant_sees_nothing_on_any_operation,
}

struct Operation {
    method: Method,
    path: String,
    public: bool,
    /// `x-access-limit`.
    limit: Value,
}

fn operations(platform: &Platform) -> Vec<Operation> {
    let mut all = Vec::new();
    for service in SERVICES {
        let (code, document) = platform.run(&["openapi", service]);
        assert_eq!(code, Some(0), "{document}");
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    // The exchange of a key for a token has an error format of its own (RFC 6749, 5.2).
                    public: operation["x-public"] == true || path == "/oauth/token",
                    limit: operation["x-access-limit"].clone(),
                });
            }
        }
    }
    assert!(all.len() > 40, "{} operations", all.len());
    all
}

/// The path with something in place of its parameters.
fn filled(path: &str, with: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { with } else { part }).collect::<Vec<_>>().join("/")
}

/// What each operation would accept from somebody who may do it, as far as it does not depend on anything else.
fn good_body(path: &str) -> Value {
    match path {
        "/v1/contacts/{id}" => json!({"first_name": "Ada"}),
        "/v1/imports/{id}/mapping" => json!({"columns": {"Email": {"field": "email"}}}),
        "/v1/tenants/{id}" => json!({"privacy_policy_version": "2"}),
        "/v1/cases/{id}/refuse" => json!({"reason": "identity-not-confirmed"}),
        _ => json!({}),
    }
}

async fn call(platform: &Platform, operation: &Operation, id: &str, key: &str) -> Answer {
    let request = platform
        .request(operation.method.clone(), &filled(&operation.path, id), key)
        .header("mxtr-purpose", "client_service:support")
        .header("if-match", "\"1\"");
    send(if operation.method == Method::GET { request } else { request.json(&good_body(&operation.path)) }).await
}

async fn nobody_gets_in_and_bad_input_is_named_and_not_repeated(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    for Operation { method, path, public, .. } in operations(&platform) {
        let unknown = filled(&path, UNKNOWN);
        let as_nobody = send(platform.http.request(method.clone(), format!("{}{unknown}", platform.base)).json(&json!({}))).await;
        if !public {
            assert_eq!(as_nobody.status, 401, "{method} {path} as nobody: {}", as_nobody.text);
        }
        let garbage = filled(&path, CANARY);
        for body in [format!("{{\"{CANARY}\": \"{CANARY}\"}}"), format!("{CANARY}{{"), format!("[\"{CANARY}\"]")] {
            let request = platform
                .request(method.clone(), &garbage, &key)
                .header("content-type", "application/json")
                .header("if-match", format!("\"{CANARY}\""));
            let answer = send(request.body(body)).await;
            assert!(answer.status != 0 && answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text);
            assert!(!answer.text.contains(CANARY), "{method} {path} repeats what was sent: {}", answer.text);
            // The page of a case is read by a person.
            if answer.status >= 400 && path != "/oauth/token" && !path.starts_with("/c/") {
                assert_eq!(answer.content_type, "application/problem+json", "{method} {path}");
            }
        }
    }
    let logs = std::fs::read_dir(platform.folder()).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let logs: String = logs.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(logs.contains("answered"), "requests are logged");
    assert!(!logs.contains(CANARY), "and nothing of what was sent");
}

/// Whether somebody with this limit lacks what an operation needs; written from the documents alone.
fn lacks(has: &Value, needs: &Value) -> bool {
    let holds = |list: &Value, word: &Value| list.as_array().is_some_and(|words| words.contains(word));
    if !needs["verb"].is_null() && !holds(&has["verbs"], &needs["verb"]) {
        return true;
    }
    let wanted = needs["categories"].as_array().unwrap();
    let held = wanted.iter().filter(|category| holds(&has["categories"], category)).count();
    if needs["needs"] == "all" { held < wanted.len() } else { held == 0 }
}

async fn a_key_that_lacks_the_limit_is_refused_on_every_operation(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (_, owner) = platform.tenant("acme").await;
    let mut wishes: Vec<Value> = vec![];
    for role in platform.get("/v1/roles", &owner).await.json()["data"].as_array().unwrap() {
        wishes.push(json!({"roles": [role["name"]], "label": "whole"}));
    }
    assert!(wishes.len() > 4, "{wishes:?}");
    wishes.push(json!({"roles": ["owner"], "label": "narrow", "limit": {"categories": []}}));
    for verb in ["read", "write"] {
        wishes.push(json!({"roles": ["owner"], "label": verb, "limit": {"verbs": [verb]}}));
    }
    let operations = operations(&platform);
    let mut refused = vec![0_usize; operations.len()];
    for wish in wishes {
        let made = platform.post("/v1/api-keys", &owner, &wish).await;
        if made.json()["errors"][0]["code"] == "role-of-the-house" {
            continue;
        }
        assert_eq!(made.status, 201, "{wish}: {}", made.text);
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let limit = made.json()["limit"].clone();
        assert!(limit["verbs"].is_array(), "{}", made.text);
        for (operation, refused) in operations.iter().zip(&mut refused).filter(|(operation, _)| !operation.public) {
            if lacks(&limit, &operation.limit) {
                let answer = call(&platform, operation, UNKNOWN, &key).await;
                assert_eq!(answer.status, 403, "{} {} with {wish}: {}", operation.method, operation.path, answer.text);
                *refused += 1;
            }
        }
    }
    for (operation, refused) in operations.iter().zip(refused).filter(|(operation, _)| !operation.public) {
        assert!(refused > 0, "no key lacked what {} {} needs", operation.method, operation.path);
    }
}

async fn another_tenant_sees_nothing_on_any_operation(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (tenant, ours) = platform.tenant("acme").await;
    let (_, theirs) = platform.tenant("other").await;
    let email = format!("{CANARY}@example.org");
    let id = |answer: Answer| {
        assert!(answer.status < 300, "{} {}", answer.status, answer.text);
        answer.json()["id"].as_str().unwrap_or_else(|| panic!("no id in {}", answer.text)).to_owned()
    };
    let person = id(platform.post("/v1/contacts", &ours, &json!({"email": email})).await);
    let import = platform.commit("contacts-plain.csv", &ours).await;
    platform.done(&import, &ours).await;
    let api_key = id(platform.post("/v1/api-keys", &ours, &json!({"roles": ["support"], "label": CANARY})).await);
    until("consent knows the contact", || async {
        let question = json!({"questions": [{"subject_id": person, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
        platform.post("/v1/decisions", &ours, &question).await.json()["data"][0]["known"] == true
    })
    .await;
    let said = json!({"subject_id": person, "purpose": "client_service:newsletter", "said": "given", "method": "form", "language": "de", "text_version": "1"});
    let consent = platform.post("/v1/consents", &ours, &said).await;
    let receipt = consent.json()["receipt_id"].as_str().unwrap_or_else(|| panic!("no receipt in {}", consent.text)).to_owned();
    let consent = id(consent);
    let case = id(platform.post("/v1/cases", &ours, &json!({"kind": "access", "subject_id": person})).await);
    ended(&platform, &ours, &case).await;
    until("the log has the reading", || async {
        platform.read(&format!("/v1/contacts/{person}"), &ours, "client_service:support").await;
        platform.post("/v1/reads/search", &ours, &json!({"subject_id": person})).await.json()["data"][0]["leaf"].is_number()
    })
    .await;
    let leaf = platform.post("/v1/reads/search", &ours, &json!({"subject_id": person})).await.json()["data"][0]["leaf"].to_string();
    let owned = [
        ("/v1/contacts/", &person),
        ("/v1/imports/", &import),
        ("/v1/api-keys/", &api_key),
        ("/v1/consents/", &consent),
        ("/v1/receipts/", &receipt),
        ("/v1/cases/", &case),
        ("/v1/tenants/", &tenant),
        ("/v1/reads/", &leaf),
    ];
    let mut by_id = 0;
    for operation in operations(&platform).iter().filter(|operation| !operation.public) {
        let what = format!("{} {}", operation.method, operation.path);
        if operation.path.contains('{') {
            let (_, of_ours) =
                owned.iter().find(|(prefix, _)| operation.path.starts_with(prefix)).unwrap_or_else(|| panic!("nothing of ours for {what}"));
            let unknown = if operation.path.starts_with("/v1/reads/") { "99999999" } else { UNKNOWN };
            let (seen, of_nobody) =
                (call(&platform, operation, of_ours, &theirs).await, call(&platform, operation, unknown, &theirs).await);
            assert_eq!(seen.status, 404, "{what}: {}", seen.text);
            assert_eq!(
                (seen.status, seen.without_instance()),
                (of_nobody.status, of_nobody.without_instance()),
                "{what} tells it from an unknown one"
            );
            by_id += 1;
        } else if operation.method == Method::GET {
            let seen = call(&platform, operation, "", &theirs).await;
            assert_eq!(seen.status, 200, "{what}: {}", seen.text);
            assert!(
                !owned.iter().any(|(prefix, id)| *prefix != "/v1/reads/" && seen.text.contains(id.as_str())) && !seen.text.contains(CANARY),
                "{what}: {}",
                seen.text
            );
        }
    }
    assert!(by_id > 15, "{by_id} operations by id");
    for (path, question) in [
        ("/v1/contacts/search", json!({"email": email})),
        ("/v1/consents/search", json!({"subject_id": person})),
        ("/v1/reads/search", json!({"subject_id": person})),
    ] {
        let search = |key: String| {
            let request = platform.request(Method::POST, path, &key).header("mxtr-purpose", "client_service:support").json(&question);
            async move { send(request).await }
        };
        let (found, seen) = (search(ours.clone()).await, search(theirs.clone()).await);
        assert_ne!(found.json()["data"], json!([]), "{path} finds it for its own tenant: {}", found.text);
        assert!(seen.json()["data"] == json!([]) || seen.status == 404, "{path}: {}", seen.text);
    }
    let still = platform.read(&format!("/v1/contacts/{person}"), &ours, "client_service:support").await;
    assert_eq!((still.status, &still.json()["email"]), (200, &json!(email)), "nothing of it was changed");
}
