//! Two processes of one service, one of which is frozen while it relays.

use crate::faults::Frozen;
use e2e_tests::platform::{Platform, mxtr, send, until};
use reqwest::Method;
use serde_json::json;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio_postgres::NoTls;

/// A second process of contacts, beside the one of `mxtr up --separate`, with the same settings but for its ports.
struct Twin {
    process: Child,
    base: String,
}

impl Twin {
    async fn start(platform: &Platform) -> Self {
        let first = only(&platform.running("mxtr serve contacts"));
        let listing = Command::new("ps").args(["eww", "-o", "args=", "-p", &first.to_string()]).output().unwrap();
        let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
        let settings = listing
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| name.starts_with("MXTR_") && !name.starts_with("MXTR_CONTACTS_DATABASE_URL"));
        let database = format!("{}?application_name=twin", platform.state()["databases"]["contacts"].as_str().unwrap());
        let (http, health) = (free_address(), free_address());
        let process = Command::new(mxtr())
            .args(["serve", "contacts"])
            .envs(settings)
            .envs([("MXTR_CONTACTS_LISTEN", &http), ("MXTR_HEALTH_LISTEN", &health), ("MXTR_CONTACTS_DATABASE_URL", &database)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let twin = Self { process, base: format!("http://{http}") };
        let ready = format!("http://{health}/readyz");
        until("the second process is ready", || async {
            platform.http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        twin
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn only(pids: &[u32]) -> u32 {
    assert_eq!(pids.len(), 1, "{pids:?}");
    pids[0]
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Since when a relay holds its lock with its transaction waiting for it, if one does.
async fn relaying_since(database: &tokio_postgres::Client) -> Option<String> {
    let rows = database
        .query(
            "SELECT a.xact_start::text FROM pg_stat_activity a JOIN pg_locks l USING (pid) \
             WHERE l.locktype = 'advisory' AND l.granted AND a.state = 'idle in transaction' AND a.datname = current_database() \
             AND a.application_name <> 'twin'",
            &[],
        )
        .await
        .unwrap();
    rows.first().map(|row| row.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_frozen_while_it_relays_is_overtaken_and_the_state_is_right_in_the_end() {
    let platform = Arc::new(Platform::start(&["--separate"]).await);
    let (_, key) = platform.tenant("acme").await;
    let twin = Twin::start(&platform).await;
    let address = platform.state()["databases"]["contacts"].as_str().unwrap().to_owned();
    let (database, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
    tokio::spawn(connection);
    let first = only(&platform.running("mxtr serve contacts"));

    // Somebody writes through the first process all the while.
    let (made, enough) = (Arc::new(Mutex::new(Vec::<String>::new())), Arc::new(AtomicBool::new(false)));
    let writer = {
        let (platform, key, made, enough) = (platform.clone(), key.clone(), made.clone(), enough.clone());
        tokio::spawn(async move {
            for number in 0.. {
                if enough.load(Ordering::SeqCst) {
                    break;
                }
                let body = json!({"email": format!("person{number}@example.org")});
                let answer = platform.request(Method::POST, "/v1/contacts", &key).json(&body).send().await.unwrap();
                if answer.status().as_u16() == 201 {
                    let person = answer.json::<serde_json::Value>().await.unwrap();
                    made.lock().unwrap().push(person["id"].as_str().unwrap().to_owned());
                }
            }
        })
    };
    until("some people are there", || std::future::ready(made.lock().unwrap().len() >= 20)).await;
    let caught = Mutex::new(None);
    until("the first process is frozen while it relays", async || {
        let frozen = Frozen::new(vec![first]);
        let since = relaying_since(&database).await;
        // Nobody else's, and what was sent before it froze has been taken in by the second look.
        let still = since.is_some() && since == relaying_since(&database).await;
        if still {
            *caught.lock().unwrap() = Some(frozen);
        }
        still
    })
    .await;
    enough.store(true, Ordering::SeqCst);

    // Meanwhile the other process deletes some of them, whose creation the frozen one may still be about to tell.
    let people = made.lock().unwrap().clone();
    let (deleted, kept) = people.split_at(people.len() / 2);
    assert!(!deleted.is_empty() && !kept.is_empty(), "{people:?}");
    for person in deleted {
        let address = format!("{}/v1/contacts/{person}", twin.base);
        let gone = send(platform.http.delete(address).bearer_auth(&key).header("if-match", "\"1\"")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }
    let known = async |people: &[String]| {
        let ask = |person: &String| json!({"subject_id": person, "purpose": "audit", "verb": "read", "categories": ["personal"]});
        let mut known = Vec::new();
        for people in people.chunks(100) {
            let questions: Vec<_> = people.iter().map(ask).collect();
            let answer = platform.post("/v1/decisions", &key, &json!({"questions": questions})).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            known.extend(answer.json()["data"].as_array().unwrap().iter().map(|answer| answer["known"] == true));
        }
        known
    };
    until("the other process has told of everything", || async {
        known(deleted).await.iter().all(|known| !known) && known(kept).await.iter().all(|known| *known)
    })
    .await;

    drop(caught);
    writer.await.unwrap();
    // What the first one held back is told before this one.
    let last = platform.post("/v1/contacts", &key, &json!({"email": "last@example.org"})).await;
    let last = vec![last.json()["id"].as_str().unwrap().to_owned()];
    until("what was written in the end is known", || async { known(&last).await == [true] }).await;
    assert!(known(deleted).await.iter().all(|known| !known), "who was deleted stays so");
    let rest = made.lock().unwrap().split_off(deleted.len());
    assert!(known(&rest).await.iter().all(|known| *known), "and nobody else is lost");
}
