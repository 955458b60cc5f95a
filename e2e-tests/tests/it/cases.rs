//! What time does to a rights case, and what happens where somebody does not answer or several people match.

use crate::faults::Frozen;
use crate::rights::{ended, package};
use e2e_tests::platform::{Platform, send, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::Cell;

const DAY: u64 = 86_400;

async fn pass(platform: &Platform, seconds: u64) {
    let advanced = platform.post("/dev/clock/advance", "", &json!({"seconds": seconds})).await;
    assert_eq!(advanced.status, 200, "{}", advanced.text);
}

async fn contact(platform: &Platform, key: &str, body: &Value) -> String {
    let made = platform.post("/v1/contacts", key, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// How often a case was asked about on the topic of tasks.
fn asked(platform: &Platform, case: &str, dump: &str) -> usize {
    let (code, said) = platform.run(&["dump", dump]);
    assert_eq!(code, Some(0), "{said}");
    let tasks = platform.folder().parent().unwrap().join(dump).join("topics/rights.tasks.jsonl");
    let key = format!("\"key\":\"{}\"", case.replace('-', ""));
    std::fs::read_to_string(tasks).unwrap().lines().filter(|line| line.contains(&key)).count()
}

/// The person's own page of a request without an account.
async fn page(platform: &Platform, path: &str) -> String {
    send(platform.http.get(format!("{}{path}", platform.base))).await.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_waits_for_one_person_and_ends_as_the_policy_says() {
    let platform = Platform::start(&["--separate", "--clock", "test"]).await;
    let (tenant, key) = platform.tenant("acme").await;
    contact(&platform, &key, &json!({"email": "ada@example.org"})).await;
    let bob = contact(&platform, &key, &json!({"email": "bob@example.org", "telephone": "+4930901825611"})).await;

    // One address, another's number: nobody is guessed.
    let both = json!({"kind": "access", "email": "ada@example.org", "telephone": "+4930901825611"});
    let opened = platform.post("/v1/cases", &key, &both).await.json();
    let path = format!("/v1/cases/{}", opened["id"].as_str().unwrap());
    until("both are found", || async { platform.get(&path, &key).await.json()["matches"] == 2 }).await;
    let waiting = platform.get(&path, &key).await.json();
    assert_eq!((&waiting["state"], &waiting["subject_id"]), (&json!("awaiting-confirmation"), &Value::Null), "{waiting}");
    assert_eq!(platform.post(&format!("{path}/confirm"), &key, &json!({})).await.status, 409, "it has to be said who it is");
    let confirmed = platform.post(&format!("{path}/confirm"), &key, &json!({"subject_id": bob})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let done = ended(&platform, &key, opened["id"].as_str().unwrap()).await;
    assert_eq!((&done["state"], &done["subject_id"]), (&json!("done"), &json!(bob)), "{done}");

    ends_as_the_policy_says(&platform, &tenant, &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_asked_again_and_answers_that_come_twice_change_nothing() {
    // By the system's clock: a test clock belongs to every process, and would wait for the one that is frozen.
    let platform = Platform::start(&["--separate"]).await;
    let (_, key) = platform.tenant("acme").await;
    let person = contact(&platform, &key, &json!({"email": "ada@example.org"})).await;
    let silent = Frozen::new(platform.running("serve consent"));
    let opened = platform.post("/v1/cases", &key, &json!({"kind": "access", "subject_id": person})).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let id = opened.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(asked(&platform, &id, "asked-0"), 1);
    let dumps = Cell::new(0);
    until("the question is asked again", || {
        dumps.set(dumps.get() + 1);
        std::future::ready(asked(&platform, &id, &format!("asked-{}", dumps.get())) >= 2)
    })
    .await;
    assert_eq!(platform.get(&format!("/v1/cases/{id}"), &key).await.json()["state"], "planning", "one has not answered");
    drop(silent);
    let done = ended(&platform, &key, &id).await;
    assert_eq!(done["state"], "done");
    let files = package(&platform, &key, &format!("/v1/cases/{id}/package")).await;
    let document: Value = serde_json::from_str(&files[2].1).unwrap();
    assert_eq!(document["contact"]["personal"]["email"], "ada@example.org", "answers that come twice change nothing");
}

async fn ends_as_the_policy_says(platform: &Platform, tenant: &str, key: &str) {
    let ask = json!({"tenant": tenant, "kind": "access", "email": "ada@example.org", "message": "What do you know of me?"});
    let sent = send(platform.http.request(Method::POST, format!("{}/v1/contact-us", platform.base)).json(&ask)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let link = sent.json()["status_path"].as_str().unwrap().to_owned();
    let id = platform.get("/v1/cases?limit=1", key).await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/cases/{id}");
    assert_eq!(platform.post(&format!("{path}/confirm"), key, &json!({})).await.status, 200);
    ended(platform, key, &id).await;
    assert!(page(platform, &link).await.contains("The answer is ready"));

    pass(platform, 29 * DAY).await;
    assert_eq!(platform.get(&format!("{path}/request"), key).await.status, 200, "the text is there for 90 days");
    assert!(page(platform, &link).await.contains("The answer is ready"), "the package is there for 30 days");
    pass(platform, 2 * DAY).await;
    until("the package has gone", || async { platform.get(&format!("{path}/package"), key).await.status == 404 }).await;
    assert!(page(platform, &link).await.contains("taken away again"));

    pass(platform, 60 * DAY).await;
    until("the text has gone", || async { platform.get(&format!("{path}/request"), key).await.status == 404 }).await;
    assert_eq!(platform.get(&path, key).await.status, 200, "the case itself is there for three years");
    pass(platform, 1005 * DAY).await;
    until("the case has gone", || async { platform.get(&path, key).await.status == 404 }).await;
    assert!(!page(platform, &link).await.contains("Your request"));
}
