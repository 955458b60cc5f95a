//! Faults: what was acknowledged is kept, nothing comes twice, nobody is left behind.

use crate::rights::ended;
use e2e_tests::platform::{Platform, descendants, processes, until};
use serde_json::json;
use std::process::Command;

/// The service processes below `mxtr up`, not their guards.
fn serving(platform: &Platform) -> Vec<u32> {
    let up = u32::try_from(platform.state()["pid"].as_u64().unwrap()).unwrap();
    let below = descendants(up);
    let all = processes();
    all.into_iter()
        .filter(|(pid, _, command)| below.contains(pid) && command.contains("mxtr serve") && !command.starts_with("sh "))
        .map(|(pid, ..)| pid)
        .collect()
}

/// Kills the process that serves; `mxtr up` starts it again.
fn kill(platform: &Platform) {
    let victim = serving(platform);
    assert_eq!(victim.len(), 1, "one process serves all: {victim:?}");
    assert!(Command::new("kill").args(["-9", &victim[0].to_string()]).status().unwrap().success());
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

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_process_is_killed_ends_with_every_row_once() {
    let platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    let import = platform.commit("contacts-mailchimp.csv", &key).await;
    kill(&platform);
    let done = platform.done(&import, &key).await;
    assert_eq!(done["counts"]["created"], json!(1885), "{done}");
    assert_eq!(done["counts"]["merged"], json!(51), "{done}");
    let mut seen = 0;
    let mut cursor = String::new();
    loop {
        let page = platform.read(&format!("/v1/contacts?limit=200{cursor}"), &key, "client_service:support").await.json();
        seen += page["data"].as_array().map_or(0, Vec::len);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 1885, "each person is there once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_whose_process_is_killed_is_carried_out_and_certified_all_the_same() {
    let mut platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    for moment in ["opened", "on its way", "all of it"] {
        let email = format!("{}@example.org", moment.replace(' ', "-"));
        let made = platform.post("/v1/contacts", &key, &json!({"email": email})).await;
        let person = made.json()["id"].as_str().unwrap().to_owned();
        let opened = platform.post("/v1/cases", &key, &json!({"kind": "erasure", "subject_id": person})).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let (case, first) = (opened.json()["id"].as_str().unwrap().to_owned(), opened.json()["state"].clone());
        match moment {
            "opened" => kill(&platform),
            "on its way" => {
                let path = format!("/v1/cases/{case}");
                until("it has begun", || async { platform.get(&path, &key).await.json()["state"] != first }).await;
                kill(&platform);
            }
            _ => {
                platform.crash().await;
                platform.start_again().await;
                until("the key is known again", || async { platform.get("/v1/me", &key).await.status == 200 }).await;
            }
        }
        let done = ended(&platform, &key, &case).await;
        assert_eq!(done["state"], "done", "killed when {moment}: {done}");
        assert_eq!(platform.get(&format!("/v1/cases/{case}/certificate"), &key).await.status, 200, "killed when {moment}");
        assert_eq!(platform.read(&format!("/v1/contacts/{person}"), &key, "client_service:support").await.status, 404);
    }
}
