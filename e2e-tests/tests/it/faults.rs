//! A server that goes away and comes back.

use e2e_tests::platform::{Platform, descendants, processes, until};
use reqwest::Method;
use serde_json::json;
use std::process::Command;

const SUPPORT: &str = "client_service:support";

/// The processes of a server below `mxtr up`, frozen for as long as this lives: to everybody else the server does not answer.
pub struct Frozen(Vec<u32>);

impl Frozen {
    /// Of those whose command line holds these words.
    pub fn running(platform: &Platform, words: &str) -> Self {
        let up = u32::try_from(platform.state()["pid"].as_u64().unwrap()).unwrap();
        let below = descendants(up);
        let listing = processes();
        let is = |pid: &u32| listing.iter().any(|(known, _, command)| known == pid && command.contains(words));
        let pids: Vec<u32> = below.into_iter().filter(is).collect();
        assert!(!pids.is_empty(), "there is no {words} to freeze");
        let frozen = Self(pids);
        frozen.signal("-STOP");
        frozen
    }

    fn signal(&self, signal: &str) {
        for pid in &self.0 {
            let _gone = Command::new("kill").args([signal, &pid.to_string()]).status();
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// The status of a request that is sent once.
async fn once(platform: &Platform, path: &str, key: &str) -> (u16, String) {
    let answer = platform.request(Method::GET, path, key).header("mxtr-purpose", SUPPORT).send().await;
    match answer {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (0, String::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_stops_reads_when_the_lease_ends_and_loses_nothing() {
    let platform = Platform::start(&[]).await;
    let (_, key) = platform.tenant("acme").await;
    let made = platform.post("/v1/contacts", &key, &json!({"email": "before@example.org"})).await;
    let path = format!("/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    until("the contact can be read", || async { once(&platform, &path, &key).await.0 == 200 }).await;
    let broker = Frozen::running(&platform, "kafka.Kafka");
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
