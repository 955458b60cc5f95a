//! Faults: what was acknowledged is kept, nothing comes twice, nobody is left behind.

use crate::rights::ended;
use e2e_tests::platform::{Platform, until};
use serde_json::json;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

crate::in_both_shapes! {
    an_import_that_is_killed_at_any_moment_ends_with_every_row_once,
    an_erasure_that_is_killed_at_any_moment_is_carried_out_and_certified_all_the_same,
}

/// How often each thing is killed; `make soak` says more.
fn kills() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how a test run is told how long it may take")]
    let said = std::env::var("SOAK_KILLS");
    said.ok().and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

/// Moments that nobody chose, and the same again for the same seed, which a test says when it fails.
struct Moments {
    seed: u64,
    state: u64,
}

impl Moments {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "how a test run is told to do again what failed")]
        let said = std::env::var("SOAK_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = said.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        Self { seed, state: seed }
    }

    /// A number below this one (splitmix64).
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
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
    let holder = platform.state()["pid"].as_u64().unwrap();
    assert!(said.contains(&format!("process {holder} runs on")), "it names who runs: {said}");
    for private in ["state.json", "admin.key", "secrets/postgres"] {
        let mode = std::fs::metadata(platform.folder().join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    platform.orphan().await;
    a_stranger_is_not_taken_for_it(&platform);
    assert_eq!(platform.run(&["status"]).0, Some(3), "nothing runs");
    platform.start_again().await;
    let said = platform.log();
    assert!(said.contains("make a tenant next:\n  curl"), "what to do next is said at every start: {said}");
    until("the key is known again", || async { platform.get("/v1/me", &key).await.status == 200 }).await;
    assert_eq!(platform.get(&format!("/v1/imports/{import}"), &key).await.json()["counts"], before["counts"]);
    let page = platform.read("/v1/contacts?limit=200", &key, "client_service:support").await;
    assert_eq!(page.json()["data"].as_array().map(Vec::len), Some(200), "{}", page.text);
    until("it says that it is ready", || std::future::ready(platform.run(&["status", "--json"]).0 == Some(0))).await;
}

/// After a crash somebody else may have the process id that stands in the files.
fn a_stranger_is_not_taken_for_it(platform: &Platform) {
    let mut stranger = Command::new("sleep").arg("600").spawn().unwrap();
    let mut state = platform.state();
    state["pid"] = json!(stranger.id());
    std::fs::write(platform.folder().join("state.json"), state.to_string()).unwrap();
    std::fs::write(platform.folder().join("pid"), stranger.id().to_string()).unwrap();
    assert_eq!(platform.run(&["down"]).0, Some(3), "nothing runs that could be stopped");
    assert_eq!(stranger.try_wait().unwrap(), None, "nobody has told it to stop");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// A file of so many people, and as many lines that name one of them again.
fn people(count: usize) -> Vec<u8> {
    let mut csv = "email,first_name,last_name,company,phone,company_address,employees,website,language,time_zone,notes\n".to_owned();
    for line in 0..count * 2 {
        csv.extend(["person", &(line % count).to_string(), "@example.org,Ada,,,,,,,,,\n"]);
    }
    csv.into_bytes()
}

async fn an_import_that_is_killed_at_any_moment_ends_with_every_row_once(shape: &[&str]) {
    const PEOPLE: usize = 4000;
    let mut platform = Platform::start(shape).await;
    let mut moments = Moments::new();
    for kill in 0..kills() {
        let (_, key) = platform.tenant("acme").await;
        let import = platform.commit_csv(people(PEOPLE), &key).await;
        let (path, moment, looks) = (format!("/v1/imports/{import}"), moments.below(PEOPLE * 2), moments.below(25));
        let kill = format!("kill {kill}, after {moment} rows and {looks} looks, SOAK_SEED={}", moments.seed);
        until("it has come so far", || async {
            let import = platform.get(&path, &key).await.json();
            let rows = |count: &str| usize::try_from(import["counts"][count].as_u64().unwrap_or_default()).unwrap();
            import["state"] == "done" || rows("created") + rows("merged") >= moment
        })
        .await;
        // Rows are counted when a chunk is kept: without this, each kill would come as long after one.
        for _ in 0..looks {
            platform.get(&path, &key).await;
        }
        crash(&mut platform, &key).await;
        let done = platform.done(&import, &key).await;
        assert_eq!((&done["counts"]["created"], &done["counts"]["merged"]), (&json!(PEOPLE), &json!(PEOPLE)), "{kill}: {done}");
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
        assert_eq!(seen.len(), PEOPLE, "{kill}: each person is there once");
    }
}

async fn an_erasure_that_is_killed_at_any_moment_is_carried_out_and_certified_all_the_same(shape: &[&str]) {
    let mut platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    let mut moments = Moments::new();
    for kill in 0..kills() {
        let made = platform.post("/v1/contacts", &key, &json!({"email": format!("person{kill}@example.org")})).await;
        let person = made.json()["id"].as_str().unwrap().to_owned();
        let opened = platform.post("/v1/cases", &key, &json!({"kind": "erasure", "subject_id": person})).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let (case, looks) = (opened.json()["id"].as_str().unwrap().to_owned(), moments.below(40));
        let kill = format!("kill {kill}, after {looks} looks, SOAK_SEED={}", moments.seed);
        for _ in 0..looks {
            platform.get(&format!("/v1/cases/{case}"), &key).await;
        }
        crash(&mut platform, &key).await;
        let done = ended(&platform, &key, &case).await;
        assert_eq!(done["state"], "done", "{kill}: {done}");
        assert_eq!(platform.get(&format!("/v1/cases/{case}/certificate"), &key).await.status, 200, "{kill}");
        assert_eq!(platform.read(&format!("/v1/contacts/{person}"), &key, "client_service:support").await.status, 404);
    }
}
