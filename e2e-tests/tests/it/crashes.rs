//! Faults: what was acknowledged is kept, nothing comes twice, nobody is left behind.

use crate::rights::ended;
use e2e_tests::platform::{Platform, until};
use serde_json::json;
use std::collections::HashSet;

/// How often each thing is killed; `make soak` says more.
fn kills() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how a test run is told how long it may take")]
    let said = std::env::var("SOAK_KILLS");
    said.ok().and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

/// `kill -9` of everything, and a start on what it left.
async fn crash(platform: &mut Platform, key: &str) {
    platform.crash().await;
    platform.start_again().await;
    until("the key is known again", || async { platform.get("/v1/me", key).await.status == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_was_killed_leaves_nothing_running_and_serves_the_same_again() {
    let mut platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    let import = platform.commit("contacts-plain.csv", &key).await;
    let before = platform.done(&import, &key).await;
    let (code, said) = platform.run(&["up", "--port", "0"]);
    assert_eq!(code, Some(3), "a second one on the same folder is refused: {said}");
    platform.crash().await;
    assert_eq!(platform.run(&["status"]).0, Some(3), "nothing runs");
    platform.start_again().await;
    until("the key is known again", || async { platform.get("/v1/me", &key).await.status == 200 }).await;
    assert_eq!(platform.get(&format!("/v1/imports/{import}"), &key).await.json()["counts"], before["counts"]);
    let page = platform.read("/v1/contacts?limit=200", &key, "client_service:support").await;
    assert_eq!(page.json()["data"].as_array().map(Vec::len), Some(200), "{}", page.text);
    let (code, said) = platform.run(&["status", "--json"]);
    assert_eq!(code, Some(0), "{said}\n{}", std::fs::read_to_string(platform.folder().join("all.log")).unwrap_or_default());
}

/// A file of so many people, and as many lines that name one of them again.
fn people(count: usize) -> Vec<u8> {
    let mut csv = "email,first_name,last_name,company,phone,company_address,employees,website,language,time_zone,notes\n".to_owned();
    for line in 0..count * 2 {
        csv.extend(["person", &(line % count).to_string(), "@example.org,Ada,,,,,,,,,\n"]);
    }
    csv.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_at_any_moment_ends_with_every_row_once() {
    const PEOPLE: usize = 4000;
    let mut platform = Platform::start(&[]).await;
    for kill in 0..kills() {
        let (_, key) = platform.tenant("acme").await;
        let import = platform.commit_csv(people(PEOPLE), &key).await;
        let (path, moment) = (format!("/v1/imports/{import}"), PEOPLE * 2 * kill / kills());
        until("it has come so far", || async {
            let import = platform.get(&path, &key).await.json();
            let rows = |count: &str| usize::try_from(import["counts"][count].as_u64().unwrap_or_default()).unwrap();
            import["state"] == "done" || rows("created") + rows("merged") >= moment
        })
        .await;
        crash(&mut platform, &key).await;
        let done = platform.done(&import, &key).await;
        assert_eq!((&done["counts"]["created"], &done["counts"]["merged"]), (&json!(PEOPLE), &json!(PEOPLE)), "kill {kill}: {done}");
        let mut seen = HashSet::new();
        let mut cursor = String::new();
        loop {
            let page = platform.read(&format!("/v1/contacts?limit=200{cursor}"), &key, "client_service:support").await.json();
            seen.extend(page["data"].as_array().unwrap().iter().map(|person| person["email"].to_string()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), PEOPLE, "kill {kill}: each person is there once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_killed_at_any_moment_is_carried_out_and_certified_all_the_same() {
    let mut platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    for kill in 0..kills() {
        let made = platform.post("/v1/contacts", &key, &json!({"email": format!("person{kill}@example.org")})).await;
        let person = made.json()["id"].as_str().unwrap().to_owned();
        let opened = platform.post("/v1/cases", &key, &json!({"kind": "erasure", "subject_id": person})).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let (case, first) = (opened.json()["id"].as_str().unwrap().to_owned(), opened.json()["state"].clone());
        // Right after it was opened, then as soon as it has moved, and so on.
        if kill % 2 == 1 {
            let path = format!("/v1/cases/{case}");
            until("it has begun", || async { platform.get(&path, &key).await.json()["state"] != first }).await;
        }
        crash(&mut platform, &key).await;
        let done = ended(&platform, &key, &case).await;
        assert_eq!(done["state"], "done", "kill {kill}: {done}");
        assert_eq!(platform.get(&format!("/v1/cases/{case}/certificate"), &key).await.status, 200, "kill {kill}");
        assert_eq!(platform.read(&format!("/v1/contacts/{person}"), &key, "client_service:support").await.status, 404);
    }
}
