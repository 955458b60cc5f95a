//! A server that goes away and comes back.

use e2e_tests::platform::{Platform, runs, signal, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::time::Duration;

const SUPPORT: &str = "client_service:support";
const NEWSLETTER: &str = "client_service:newsletter";
/// An import that never was: who asks has to be known, and nothing else.
const NOBODYS: &str = "/v1/imports/01a20c0b-6de1-75f8-8d56-f1061b5ade26";
const SAID: [&str; 4] = ["given", "withdrawn", "given", "withdrawn"];

crate::in_both_shapes! {
    a_broker_that_is_away_stops_reads_and_then_calls_as_leases_end_and_what_was_written_arrives_in_order,
    a_service_that_dies_is_started_again_and_the_third_time_in_a_minute_ends_the_platform,
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

/// What somebody says of the newsletter, once: whoever repeats it would say it twice.
async fn says(platform: &Platform, key: &str, subject: &str, said: &str) {
    let body = json!({"subject_id": subject, "purpose": NEWSLETTER, "said": said, "method": "form", "language": "de", "text_version": "1"});
    let answer = platform.request(Method::POST, "/v1/consents", key).json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201, "{said} waits in the outbox");
}

/// The ids of the events about somebody that stand in a topic, in its order. They were made as the events were recorded, each greater than those before.
fn told(platform: &Platform, topic: &str, subject: &str, dump: &str) -> Vec<String> {
    let (code, said) = platform.run(&["dump", dump]);
    assert_eq!(code, Some(0), "{said}");
    let file = platform.folder().parent().unwrap().join(dump).join(format!("topics/{topic}.jsonl"));
    let records: Vec<Value> = fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_them = records.iter().filter(|record| record["key"] == json!(subject.replace('-', "")));
    let header = |record: &Value| {
        let headers = record["headers"].as_array().unwrap().iter();
        headers.clone().find(|header| header[0] == "ce_id").map(|header| header[1].as_str().unwrap().to_owned()).unwrap()
    };
    of_them.map(header).collect()
}

async fn consent_knows(platform: &Platform, key: &str, subject: &str) {
    let question = json!({"questions": [{"subject_id": subject, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
    until("consent knows the contact", || async {
        platform.post("/v1/decisions", key, &question).await.json()["data"][0]["known"] == true
    })
    .await;
}

async fn a_broker_that_is_away_stops_reads_and_then_calls_as_leases_end_and_what_was_written_arrives_in_order(shape: &[&str]) {
    // Of people ten seconds are known, of keys and tenants a minute; a third of that is told from the ten as well.
    let platform = Platform::start_with(shape, vec![("MXTR_LEASE_PRINCIPALS_SECONDS".to_owned(), "20".to_owned())]).await;
    let (_, key) = platform.tenant("acme").await;
    let made = platform.post("/v1/contacts", &key, &json!({"email": "before@example.org"})).await;
    let person = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{person}");
    consent_knows(&platform, &key, &person).await;
    until("the contact can be read", || async { once(&platform, &path, &key).await.0 == 200 }).await;

    let broker = Frozen::new(platform.running("kafka.Kafka"));
    assert_eq!(once(&platform, &path, &key).await.0, 200, "what is known is young enough still");
    for said in SAID {
        says(&platform, &key, &person, said).await;
    }
    let meanwhile = write(&platform, &key, "meanwhile").await;
    leases_end(&platform, &key, &path).await;
    drop(broker);

    until("reads go on", || async { once(&platform, &path, &key).await.0 == 200 }).await;
    consent_knows(&platform, &key, &meanwhile).await;
    until("the last word is in force", || async {
        platform.read(&path, &key, NEWSLETTER).await.json()["withheld"][0]["reason"] == "consent-withdrawn"
    })
    .await;
    let records = platform.post("/v1/consents/search", &key, &json!({"subject_id": person})).await.json();
    let said: Vec<_> = records["data"].as_array().unwrap().iter().rev().map(|record| record["said"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said, SAID, "{records}");
    // A relay that heard nothing back says again what it said.
    let mut told = told(&platform, "consent.decisions", &person, "frozen");
    let mut seen = HashSet::new();
    told.retain(|id| seen.insert(id.clone()));
    assert!(told.len() >= SAID.len() && told.is_sorted(), "in the order in which it was said: {told:?}");
    killed_it_comes_back_and_what_was_written_arrives(&platform, &key, &person).await;
}

/// First people's states are too old to read, then keys and tenants are too old for any call.
async fn leases_end(platform: &Platform, key: &str, person: &str) {
    for (path, answer, lease) in [(person, 200, "of people"), (NOBODYS, 404, "of keys and tenants")] {
        until(&format!("the lease {lease} has ended"), || async {
            let (status, body) = once(platform, path, key).await;
            assert!(status == answer || (status == 503 && body.contains("view-stale")), "{lease}: {status} {body}");
            status == 503
        })
        .await;
        if answer == 200 {
            assert_eq!(once(platform, NOBODYS, key).await.0, 404, "who calls is known for longer");
            write(platform, key, "between").await;
        }
    }
}

/// A new contact's id; written once, without waiting for anything.
async fn write(platform: &Platform, key: &str, name: &str) -> String {
    let body = json!({"email": format!("{name}@example.org")});
    let written = platform.request(Method::POST, "/v1/contacts", key).json(&body).send().await.unwrap();
    assert_eq!(written.status().as_u16(), 201, "what is written waits in the outbox");
    written.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn killed_it_comes_back_and_what_was_written_arrives(platform: &Platform, key: &str, person: &str) {
    let (serving, brokers) = (platform.running("mxtr serve"), platform.running("kafka.Kafka"));
    for broker in &brokers {
        signal(*broker, "-KILL");
    }
    says(platform, key, person, "given").await;
    let written = write(platform, key, "killed").await;
    until("the broker is started again", || {
        let now = platform.running("kafka.Kafka");
        std::future::ready(!now.is_empty() && now != brokers)
    })
    .await;
    consent_knows(platform, key, &written).await;
    let path = format!("/v1/contacts/{person}");
    until("what was said meanwhile is in force", || async {
        platform.read(&path, key, NEWSLETTER).await.json()["email"] == "before@example.org"
    })
    .await;
    assert_eq!(platform.running("mxtr serve"), serving, "no service was started again for it");
}

async fn a_service_that_dies_is_started_again_and_the_third_time_in_a_minute_ends_the_platform(shape: &[&str]) {
    let mut platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    // A key that was told to nobody yet would have to wait for whoever dies.
    let serves = || async { platform.get(NOBODYS, &key).await.status == 404 };
    let name = if shape.is_empty() { "all" } else { "contacts" };
    let one = |platform: &Platform| platform.running(&format!("mxtr serve {name}")).first().copied();
    until("the key is known", serves).await;
    for _ in 0..2 {
        let dies = one(&platform).unwrap();
        signal(dies, "-KILL");
        until("it is started again", || std::future::ready(one(&platform).is_some_and(|now| now != dies))).await;
    }
    until("it serves again", serves).await;
    let all = platform.everything();
    signal(one(&platform).unwrap(), "-KILL");
    let (code, said) = platform.ended().await;
    assert_eq!(code, Some(1), "{said}");
    let (_, tail) = said.split_once(&format!("{name} ended for the third time in a minute")).unwrap_or_else(|| panic!("{said}"));
    let (_, tail) = tail.split_once("the end of its log:\n").unwrap();
    let log = fs::read_to_string(platform.folder().join(format!("{name}.log"))).unwrap();
    assert!(!tail.trim().is_empty() && log.contains(tail.trim()), "{tail}");
    assert!(!all.iter().any(|pid| runs(*pid)), "nothing is left running");
    assert_eq!(platform.run(&["status"]).0, Some(3), "nothing runs");
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
