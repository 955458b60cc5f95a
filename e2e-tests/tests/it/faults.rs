//! A server that goes away and comes back.

use e2e_tests::platform::{Platform, signal, until};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const SUPPORT: &str = "client_service:support";

crate::in_both_shapes! {
    a_broker_that_is_away_stops_reads_when_the_lease_ends_and_loses_nothing,
    a_postgresql_that_is_killed_or_frozen_is_a_503_and_then_all_goes_on_without_a_restart,
}

/// Processes that are frozen for as long as this lives: to everybody else they do not answer.
pub struct Frozen(Vec<u32>);

impl Frozen {
    pub fn new(pids: Vec<u32>) -> Self {
        assert!(!pids.is_empty(), "there is nothing to freeze");
        for pid in &pids {
            signal(*pid, "-STOP");
        }
        Self(pids)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            signal(*pid, "-CONT");
        }
    }
}

/// The status of a request that is sent once.
async fn once(platform: &Platform, path: &str, key: &str) -> (u16, String) {
    // A request that hangs is given up, and is no answer.
    let patience = Duration::from_secs(60);
    let answer = platform.request(Method::GET, path, key).header("mxtr-purpose", SUPPORT).timeout(patience).send().await;
    match answer {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (0, String::new()),
    }
}

async fn a_broker_that_is_away_stops_reads_when_the_lease_ends_and_loses_nothing(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    let made = platform.post("/v1/contacts", &key, &json!({"email": "before@example.org"})).await;
    let path = format!("/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    until("the contact can be read", || async { once(&platform, &path, &key).await.0 == 200 }).await;
    let broker = Frozen::new(platform.running("kafka.Kafka"));
    assert_eq!(once(&platform, &path, &key).await.0, 200, "what is known is young enough still");
    let written =
        platform.request(Method::POST, "/v1/contacts", &key).json(&json!({"email": "meanwhile@example.org"})).send().await.unwrap();
    assert_eq!(written.status().as_u16(), 201, "what is written waits in the outbox");
    let meanwhile = written.json::<serde_json::Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    until("the lease has ended", || async {
        let (status, body) = once(&platform, &path, &key).await;
        assert!(status == 200 || (status == 503 && body.contains("view-stale")), "{status} {body}");
        status == 503
    })
    .await;
    drop(broker);
    until("reads go on", || async { once(&platform, &path, &key).await.0 == 200 }).await;
    until("what was written meanwhile has arrived", || async {
        let question = json!({"questions": [{"subject_id": meanwhile, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
        platform.post("/v1/decisions", &key, &question).await.json()["data"][0]["known"] == true
    })
    .await;
}

async fn a_postgresql_that_is_killed_or_frozen_is_a_503_and_then_all_goes_on_without_a_restart(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    let made = platform.post("/v1/contacts", &key, &json!({"email": "before@example.org"})).await;
    let path = format!("/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    until("the contact can be read", || async { once(&platform, &path, &key).await.0 == 200 }).await;
    let serving = platform.running("mxtr serve");
    for fault in ["killed", "frozen"] {
        let servers = platform.running("postgres");
        assert!(servers.len() > 5, "the server and its processes: {servers:?}");
        let frozen = if fault == "frozen" {
            Some(Frozen::new(servers))
        } else {
            for pid in servers {
                signal(pid, "-KILL");
            }
            None
        };
        until("requests are refused", || async {
            let (status, body) = once(&platform, &path, &key).await;
            assert!(status == 200 || status == 503, "{fault}: {status} {body}");
            status == 503
        })
        .await;
        drop(frozen);
        until("reads go on", || async { once(&platform, &path, &key).await.0 == 200 }).await;
        let email = format!("{fault}@example.org");
        let written = platform.post("/v1/contacts", &key, &json!({"email": email})).await;
        assert_eq!(written.status, 201, "{fault}: {}", written.text);
        let written = format!("/v1/contacts/{}", written.json()["id"].as_str().unwrap());
        assert_eq!(platform.read(&written, &key, SUPPORT).await.json()["email"], json!(email), "{fault}");
    }
    assert_eq!(platform.running("mxtr serve"), serving, "no service was started again for it");
}
