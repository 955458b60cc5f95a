//! Every operation of every document: as nobody, and with bad input. Nothing is shown, nothing is repeated.

use e2e_tests::platform::{Platform, send};
use serde_json::{Value, json};

const CANARY: &str = "cnry-personal-4711";
const SERVICES: [&str; 4] = ["identity", "contacts", "consent", "audit"];

/// (method, path, operation) of every operation.
fn operations(platform: &Platform) -> Vec<(reqwest::Method, String, Value)> {
    let mut all = Vec::new();
    for service in SERVICES {
        let (code, document) = platform.run(&["openapi", service]);
        assert_eq!(code, Some(0), "{document}");
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push((method.to_uppercase().parse().unwrap(), path.clone(), operation.clone()));
            }
        }
    }
    assert!(all.len() > 25, "{} operations", all.len());
    all
}

/// The path with something in place of its parameters.
fn filled(path: &str, with: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { with } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_and_bad_input_is_named_and_not_repeated() {
    let platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    for (method, path, operation) in operations(&platform) {
        let public = operation["x-public"] == true;
        let unknown = filled(&path, "01a20c0b-6de1-75f8-8d56-f1061b5ade26");
        let as_nobody = send(platform.http.request(method.clone(), format!("{}{unknown}", platform.base)).json(&json!({}))).await;
        if !public && path != "/oauth/token" {
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
            if answer.status >= 400 && path != "/oauth/token" {
                assert_eq!(answer.content_type, "application/problem+json", "{method} {path}");
            }
        }
    }
    let log = std::fs::read_to_string(platform.folder().join("all.log")).unwrap();
    assert!(log.contains("answered"), "requests are logged");
    assert!(!log.contains(CANARY), "and nothing of what was sent");
}
