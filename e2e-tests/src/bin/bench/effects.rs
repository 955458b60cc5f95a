//! How long it takes until a change is true everywhere.

use crate::Bench;
use crate::report::{Report, Row, percentile};
use e2e_tests::platform::send;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Instant;

/// Puts a row of waiting times: `ours` is the median.
fn put(report: &mut Report, name: &'static str, mut took: Vec<f64>, target: &'static str, reached: impl Fn(f64, f64) -> bool) {
    took.sort_by(f64::total_cmp);
    let (p50, p99) = (percentile(&took, 0.5), percentile(&took, 0.99));
    let reached = p50.zip(p99).map(|(p50, p99)| reached(p50, p99));
    let n = u64::try_from(took.len()).unwrap_or_default();
    report.put(Row { name, unit: "ms", ours: p50.unwrap_or_default(), p50, p99, n, target, reached, ..Row::default() });
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

/// The services that decide by what people said, and acknowledge it.
const DECIDE: [&str; 1] = ["contacts"];

fn all_know(record: &Value) -> bool {
    let known = |service: &str| record["acknowledged"].as_array().is_some_and(|all| all.iter().any(|one| one["service"] == *service));
    DECIDE.iter().all(|service| known(service))
}

/// From the call until the last service that decides by it has acknowledged; seen by asking again and again.
pub async fn withdrawal(bench: &Bench, people: &[String], report: &mut Report) {
    eprintln!("withdrawal_effect …");
    let mut took = Vec::new();
    for person in people.iter().cycle().take(usize::try_from(bench.size.of(200)).unwrap_or(1)) {
        for said in ["given", "withdrawn"] {
            let body = json!({"subject_id": person, "purpose": "client_service:newsletter", "said": said, "method": "form", "language": "de", "text_version": "1"});
            let began = Instant::now();
            let recorded = bench.platform.post("/v1/consents", &bench.owner, &body).await;
            assert_eq!(recorded.status, 201, "{}", recorded.text);
            let record = format!("/v1/consents/{}", recorded.json()["id"].as_str().unwrap());
            while !all_know(&bench.platform.get(&record, &bench.owner).await.json()) {}
            if said == "withdrawn" {
                took.push(ms(began));
            }
        }
    }
    put(report, "withdrawal_effect", took, "p99 ≤ 100 ms", |_, p99| p99 <= 100.0);
}

/// From the revocation of a key until another service refuses it.
pub async fn revocation(bench: &Bench, people: &[String], report: &mut Report) {
    eprintln!("revocation_effect …");
    let path = format!("/v1/contacts/{}", people.first().unwrap());
    let mut took = Vec::new();
    for _ in 0..bench.size.of(100) {
        let made = bench.platform.post("/v1/api-keys", &bench.owner, &json!({"roles": ["support"], "label": "bench"})).await.json();
        let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        while bench.platform.read(&path, key, "client_service:support").await.status != 200 {}
        let began = Instant::now();
        let revoked = send(bench.platform.request(Method::DELETE, &format!("/v1/api-keys/{id}"), &bench.owner)).await;
        assert_eq!(revoked.status, 204, "{}", revoked.text);
        while bench.platform.read(&path, key, "client_service:support").await.status != 401 {}
        took.push(ms(began));
    }
    put(report, "revocation_effect", took, "p99 ≤ 100 ms", |_, p99| p99 <= 100.0);
}

/// From the opening of a case until it is done: for an erasure that is with every service's scan and the certificate.
pub async fn cases(bench: &Bench, kind: &str, people: &[String], report: &mut Report) {
    eprintln!("{kind}_case …");
    let mut took = Vec::new();
    for person in people.iter().take(usize::try_from(bench.size.of(100)).unwrap_or(1)) {
        let began = Instant::now();
        let opened = bench.platform.post("/v1/cases", &bench.owner, &json!({"kind": kind, "subject_id": person})).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let path = format!("/v1/cases/{}", opened.json()["id"].as_str().unwrap());
        let mut case = Value::Null;
        while !case["closed_at"].is_string() {
            case = bench.platform.get(&path, &bench.owner).await.json();
        }
        took.push(ms(began));
        assert_eq!(case["state"], "done", "{case}");
    }
    match kind {
        "access" => put(report, "access_case", took, "p50 ≤ 300 ms", |p50, _| p50 <= 300.0),
        _ => put(report, "erasure_case", took, "p50 ≤ 500 ms", |p50, _| p50 <= 500.0),
    }
}
