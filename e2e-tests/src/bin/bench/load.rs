//! Requests a second with as many callers as keep the machine busy, and how long each takes at a steady rate below that.

use crate::report::{Report, Row, percentile, to_float};
use crate::{Bench, ceiling, machine};
use reqwest::{Client, Request, Url};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CALLERS: usize = 32;
const SECONDS: u64 = 6;

/// Requests a second of callers that each wait for their answer; the count beside it.
async fn closed(http: &Client, seconds: u64, make: impl Fn(u64) -> Request + Send + Sync + 'static) -> (f64, u64) {
    let (make, next, began) = (Arc::new(make), Arc::new(AtomicU64::new(0)), Instant::now());
    let end = began + Duration::from_secs(seconds);
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let (http, make, next) = (http.clone(), make.clone(), next.clone());
        callers.push(tokio::spawn(async move {
            let mut count = 0_u64;
            while Instant::now() < end {
                let answer = http.execute(make(next.fetch_add(1, Ordering::Relaxed))).await.unwrap();
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await.unwrap();
                count += 1;
            }
            count
        }));
    }
    let mut total = 0;
    for caller in callers {
        total += caller.await.unwrap();
    }
    (to_float(usize::try_from(total).unwrap_or_default()) / began.elapsed().as_secs_f64(), total)
}

/// How long requests take that begin at a steady rate, whether or not those before have ended; counted from when each should have begun. Milliseconds, sorted.
async fn open(http: &Client, rate: f64, seconds: u64, make: impl Fn(u64) -> Request) -> Vec<f64> {
    let (began, every) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
    let mut running = Vec::new();
    let mut at = 0_u64;
    loop {
        let due = began + every * u32::try_from(at).unwrap_or(u32::MAX);
        if due > began + Duration::from_secs(seconds) {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        let (http, request) = (http.clone(), make(at));
        running.push(tokio::spawn(async move {
            http.execute(request).await.unwrap().bytes().await.unwrap();
            due.elapsed().as_secs_f64() * 1000.0
        }));
        at += 1;
    }
    let mut took = Vec::with_capacity(running.len());
    for call in running {
        took.push(call.await.unwrap());
    }
    took.sort_by(f64::total_cmp);
    took
}

fn client() -> Client {
    Client::builder().no_proxy().pool_max_idle_per_host(CALLERS * 4).build().unwrap()
}

/// The service itself, not the proxy that one machine has before it.
fn service(bench: &Bench, name: &str) -> String {
    bench.platform.state()["services"][name]["http"].as_str().unwrap().to_owned()
}

/// A route under load, then at half that rate, then the same requests against a server that answers the same bytes and does nothing.
async fn route(bench: &Bench, http: &Client, make: impl Fn(u64) -> Request + Clone + Send + Sync + 'static) -> Row {
    let body = http.execute(make(0)).await.unwrap().text().await.unwrap();
    closed(http, 1, make.clone()).await;
    let seconds = bench.size.of(SECONDS);
    let cpu = machine::cpu_us(bench);
    let (ours, n) = closed(http, seconds, make.clone()).await;
    let cpu_us = Some((machine::cpu_us(bench) - cpu) / to_float(usize::try_from(n).unwrap_or(1)));
    let took = open(http, ours * 0.5, seconds, make.clone()).await;
    let constant = Url::parse(&ceiling::constant(body)).unwrap();
    let bare = move |at| {
        let mut request = make(at);
        *request.url_mut() = constant.clone();
        request
    };
    let (ceiling, _) = closed(http, seconds, bare).await;
    let (p50, p99) = (percentile(&took, 0.5), percentile(&took, 0.99));
    Row { unit: "req/s", ours, ceiling: Some(ceiling), p50, p99, cpu_us, n, ..Row::default() }
}

/// One query of a tenant's row through `db`, and on a bare connection. Measured by a program of its own: nothing here may know `db`.
pub fn tenant_read(bench: &Bench, report: &mut Report) {
    eprintln!("tenant_read …");
    let url = bench.platform.state()["databases"]["contacts"].clone();
    let input = json!({"url": url, "tenant": bench.tenant, "seconds": bench.size.of(SECONDS)});
    let program = std::env::current_exe().unwrap().with_file_name("examples").join("tenant_read");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "tenant_read failed");
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (ours, ceiling) = (measured["ours"].as_f64().unwrap(), measured["ceiling"].as_f64().unwrap());
    let (n, reached) = (measured["n"].as_u64().unwrap(), Some(ours / ceiling >= 0.45));
    let target = "ratio ≥ 0.45";
    report.put(Row { name: "tenant_read", unit: "reads/s", ours, ceiling: Some(ceiling), n, target, reached, ..Row::default() });
}

pub async fn contact_read(bench: &Bench, people: &[String], report: &mut Report) {
    eprintln!("contact_read …");
    let http = client();
    let (base, key, people, calls) = (service(bench, "contacts"), bench.owner.clone(), people.to_vec(), http.clone());
    let make = move |at: u64| {
        let person = &people[usize::try_from(at).unwrap_or_default() % people.len()];
        let request = calls.get(format!("{base}/v1/contacts/{person}")).bearer_auth(&key).header("mxtr-purpose", "client_service:support");
        request.build().unwrap()
    };
    let row = route(bench, &http, make).await;
    report.put(Row { name: "contact_read", target: "≥ 3,700/s", reached: Some(row.ours >= 3700.0), ..row });
}

pub async fn decision(bench: &Bench, people: &[String], report: &mut Report) {
    eprintln!("decision_http …");
    let http = client();
    let (base, key, people, calls) = (service(bench, "consent"), bench.owner.clone(), people.to_vec(), http.clone());
    let make = move |at: u64| {
        let person = &people[usize::try_from(at).unwrap_or_default() % people.len()];
        let question = json!({"questions": [{"subject_id": person, "purpose": "client_service:newsletter", "verb": "read", "categories": ["personal"]}]});
        calls.post(format!("{base}/v1/decisions")).bearer_auth(&key).json(&question).build().unwrap()
    };
    let row = route(bench, &http, make).await;
    let reached = row.ceiling.map(|ceiling| row.ours / ceiling >= 0.25);
    report.put(Row { name: "decision_http", target: "ratio ≥ 0.25", reached, ..row });
}
