use super::{Answer, World};
use crate::json::{LARGEST_BODY, parse};
use crate::tests::api::CreateThing;
use reqwest::Method;
use serde_json::{Value, json};

const CANARY: &str = "ada.lovelace@canary.example";

/// (pointer, code) of each fault of a body.
fn faults(body: &Value) -> Vec<(String, String)> {
    let problem = parse::<CreateThing>(&serde_json::to_vec(body).unwrap()).unwrap_err();
    let text = serde_json::to_string(&problem).unwrap();
    assert!(!text.contains(CANARY), "a value came back: {text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    let word = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    problem["errors"].as_array().unwrap().iter().map(|fault| (word(fault, "pointer"), word(fault, "code"))).collect()
}

fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[test]
fn a_fault_is_named_by_its_pointer_and_no_value_comes_back() {
    assert_eq!(faults(&json!({"name": "a"})), one("/size", "missing"));
    assert_eq!(faults(&json!({"name": "a", "size": 1, "colour": CANARY})), one("/colour", "unknown-field"));
    assert_eq!(faults(&json!({"name": "a", "size": CANARY})), one("/size", "wrong-type"));
    assert_eq!(faults(&json!({"name": [CANARY], "size": 1})), one("/name", "wrong-type"));
    assert_eq!(faults(&json!({"name": "a", "size": 256})), one("/size", "invalid-value"));
    assert_eq!(faults(&json!({"name": "a", "size": -1})), one("/size", "invalid-value"));
    assert_eq!(faults(&json!({"name": "a", "size": 1, "kind": CANARY})), one("/kind", "unknown-value"));
    assert_eq!(
        faults(&json!({"name": "a", "size": 1, "parts": [{"weight": 1}, {"weight": CANARY}]})),
        one("/parts/1/weight", "wrong-type")
    );
    assert_eq!(faults(&json!({"name": "a", "size": 1, "parts": [{}]})), one("/parts/0/weight", "missing"));
    assert_eq!(faults(&json!([CANARY])), one("", "wrong-type"));
    assert_eq!(faults(&json!("text")), one("", "wrong-type"));
}

#[test]
fn a_name_of_the_callers_own_making_does_not_come_back() {
    assert_eq!(faults(&json!({"name": "a", "size": 1, CANARY: 1})), one("", "unknown-field"));
    assert_eq!(faults(&json!({"name": "a", "size": 1, "4915112345678": 1})), one("", "unknown-field"));
    assert_eq!(faults(&json!({"name": "a", "size": 1, "parts": [{CANARY: 1}]})), one("/parts/0", "unknown-field"));
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let problem = parse::<CreateThing>(br#"{"name": "a", "name": "b", "size": 1}"#).unwrap_err();
    assert_eq!(serde_json::to_value(problem).unwrap()["errors"][0]["code"], "duplicate-field");
}

#[test]
fn no_text_holds_nul() {
    for raw in [r#"{"name": "\u0000", "size": 1}"#, r#"{"name": "a\\\u0000", "size": 1}"#] {
        let problem = parse::<CreateThing>(raw.as_bytes()).unwrap_err();
        assert_eq!(serde_json::to_value(problem).unwrap()["errors"][0]["code"], "nul-character", "{raw}");
    }
    // A backslash and the word u0000 are no NUL.
    assert!(parse::<CreateThing>(br#"{"name": "\\u0000", "size": 1}"#).is_ok());
}

#[test]
fn what_is_no_json_is_not_readable() {
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let broken =
        ["", "{", "nul", "{\"name\": \"a\", \"size\": 1} {}", "{\"name\": \"\u{1}\", \"size\": 1}", "{\"name\": \"\\ud800\", \"size\": 1}"];
    let in_a_field = format!("{{\"name\": \"a\", \"size\": 1, \"parts\": {deep}}}");
    for raw in broken.iter().map(|raw| raw.as_bytes()).chain([b"\xff\xfe".as_slice(), b"{\"name\": \"\xc3\x28\", \"size\": 1}"]) {
        assert_eq!(parse::<CreateThing>(raw).unwrap_err().status(), 400, "{raw:?}");
    }
    assert!(parse::<CreateThing>(in_a_field.as_bytes()).unwrap_err().status().is_client_error(), "depth is refused, not lived through");
    assert_eq!(parse::<Value>(deep.as_bytes()).unwrap_err().status(), 400);
}

#[tokio::test]
async fn a_body_is_json_and_not_too_large() {
    let mut world = World::new();
    let key = world.key_with(&["write"], &["personal", "business"], &["operate"]);
    let served = world.serve();
    let sent = |kind: &'static str, body: String| {
        served.call(Method::POST, "/v1/things").bearer_auth(&key).header("content-type", kind).body(body)
    };
    let good = || json!({"name": "a", "size": 1}).to_string();

    assert_eq!(Answer::to(sent("application/json", good())).await.status, 201);
    assert_eq!(Answer::to(sent("Application/JSON; charset=utf-8", good())).await.status, 201);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json5", ""] {
        Answer::to(sent(kind, good())).await.is(415, "unsupported-media-type", None);
    }
    Answer::to(served.call(Method::POST, "/v1/things").bearer_auth(&key)).await.is(415, "unsupported-media-type", None);
    Answer::to(sent("application/json", good()).header("content-encoding", "gzip")).await.is(415, "unsupported-media-type", None);
    Answer::to(sent("application/json", String::new())).await.is(400, "not-readable", None);
    Answer::to(sent("application/json", " ".repeat(LARGEST_BODY + 1))).await.is(413, "too-large", None);

    // Nothing says beforehand how long it is.
    let chunks = (0..=LARGEST_BODY / 1024).map(|_| Ok::<_, std::io::Error>(" ".repeat(1024)));
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = served.call(Method::POST, "/v1/things").bearer_auth(&key).header("content-type", "application/json").body(streamed);
    Answer::to(request).await.is(413, "too-large", None);
}
