//! A request goes on with its caller's trace, and says which it is.

use actix_web::get;
use kernel::Service;
use reqwest::RequestBuilder;
use runtime::telemetry::{Telemetry, init};
use utoipa_actix_web::service_config::ServiceConfig as Api;
use web::HttpConfig;

fn routes(api: &mut Api<'_>) {
    api.service(greet);
}

/// Says in which trace it is said, as an outbox row would.
#[utoipa::path(extensions(("x-public" = json!(true))), responses((status = 200)))]
#[get("/v1/greeting")]
async fn greet() -> String {
    runtime::telemetry::traceparent().unwrap_or_default()
}

/// (the trace that the header names, the body).
async fn answer(request: RequestBuilder) -> (String, String) {
    let answer = request.send().await.unwrap();
    (answer.headers()["mxtr-trace-id"].to_str().unwrap().to_owned(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_request_goes_on_with_its_callers_trace() {
    // Little is logged; traces do not mind.
    init(&Telemetry { filter: "error".to_owned(), ..Telemetry::default() }).unwrap();
    let runtime = testkit::runtime(Service::Contacts, &testkit::clock());
    let address = web::serve(&runtime, HttpConfig::from(&crate::repeated::config()), routes, |_| {}).unwrap();
    let get = |path: &str| reqwest::Client::builder().no_proxy().build().unwrap().get(format!("http://{address}{path}"));
    let theirs = "4bf92f3577b34da6a3ce929d0e0e4736";

    let (trace, said) = answer(get("/v1/greeting").header("traceparent", format!("00-{theirs}-00f067aa0ba902b7-01"))).await;
    assert_eq!(trace, theirs);
    assert!(said.starts_with(&format!("00-{theirs}-")) && !said.contains("00f067aa0ba902b7"), "a span of its own: {said}");

    let (first, said) = answer(get("/v1/greeting")).await;
    let (second, problem) = answer(get("/v1/nowhere").header("traceparent", "00-broken")).await;
    assert!(said.contains(&first) && first != theirs && first != second);
    assert_ne!(first, "0".repeat(32));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&problem).unwrap()["instance"], second);
}
