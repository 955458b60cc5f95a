use kernel::{Clock, Service};
use runtime::{Runtime, serve_health};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://{address}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn healthy(services: Vec<Runtime>) -> SocketAddr {
    serve_health("127.0.0.1:0".parse().unwrap(), services, CancellationToken::new()).await.unwrap()
}

fn system(service: Service) -> Runtime {
    Runtime::new(service, Clock::system())
}

#[tokio::test]
async fn readiness_lists_what_is_waited_for() {
    let (contacts, open) = (system(Service::Contacts), Arc::new(AtomicBool::new(false)));
    let door = open.clone();
    contacts.ready_when("door", move || if door.load(Ordering::Acquire) { Ok(()) } else { Err("it is shut".to_owned()) });
    let address = healthy(vec![contacts.clone(), system(Service::Consent)]).await;

    let (status, body) = get(address, "/readyz").await;
    let waiting = json!({"ready": false, "waiting_for": [{"service": "contacts", "check": "door", "why": "it is shut"}]});
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (503, waiting));

    open.store(true, Ordering::Release);
    assert_eq!(get(address, "/readyz").await.0, 200);

    contacts.shut_down().await;
    assert_eq!(get(address, "/readyz").await.0, 503, "a service that stops takes no more work");
    assert_eq!(get(address, "/livez").await.0, 200, "and yet nothing has failed");
}

#[tokio::test]
async fn a_part_that_fails_shows_in_livez() {
    let contacts = system(Service::Contacts);
    let address = healthy(vec![contacts.clone()]).await;
    assert_eq!(get(address, "/livez").await.0, 200);
    contacts.spawn(runtime::Stage::Work, "doomed", |_| async { anyhow::bail!("it broke") });
    contacts.failed().await;
    let (status, body) = get(address, "/livez").await;
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (503, json!({"live": false, "failed": ["contacts"]})));
}

#[tokio::test]
async fn a_metric_of_two_services_stands_in_the_text_once() {
    let services = vec![system(Service::Contacts), system(Service::Consent)];
    for service in &services {
        let counter = prometheus::IntCounter::new("things", "how many things").unwrap();
        counter.inc();
        service.metrics().register(Box::new(counter)).unwrap();
    }
    let (status, text) = get(healthy(services).await, "/metrics").await;
    assert_eq!(status, 200);
    assert_eq!(text.matches("# TYPE mxtr_things counter").count(), 1, "{text}");
    assert!(text.contains("mxtr_things{service=\"contacts\"} 1") && text.contains("mxtr_things{service=\"consent\"} 1"), "{text}");
}

#[tokio::test]
async fn only_a_tests_clock_is_told() {
    let clock = Clock::test("2026-11-24T08:00:00Z".parse().unwrap());
    let address = healthy(vec![Runtime::new(Service::Audit, clock.clone())]).await;
    assert_eq!(get(address, "/dev/clock").await, (200, r#"{"now":"2026-11-24T08:00:00Z"}"#.to_owned()));
    clock.advance_to("2026-12-24T08:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(get(address, "/dev/clock").await.1, r#"{"now":"2026-12-24T08:00:00Z"}"#);
    assert_eq!(get(healthy(vec![system(Service::Audit)]).await, "/dev/clock").await.0, 404);
}

#[tokio::test]
async fn the_health_port_closes_when_it_is_told_to() {
    let stop = CancellationToken::new();
    let address = serve_health("127.0.0.1:0".parse().unwrap(), vec![system(Service::Audit)], stop.clone()).await.unwrap();
    assert_eq!(get(address, "/livez").await.0, 200);
    stop.cancel();
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
