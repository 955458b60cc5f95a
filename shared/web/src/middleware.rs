//! What happens around every request: a span that continues the caller's trace, a log line without anything personal, the headers, the metric.

use crate::{Problem, Slug, headers, problem};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use futures_util::FutureExt as _;
use prometheus::{HistogramOpts, HistogramVec};
use runtime::Runtime;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

/// Whose API it is, and how long requests take, by route (names by OpenTelemetry's conventions for HTTP).
pub(crate) struct HttpMetrics {
    service: &'static str,
    durations: HistogramVec,
}

impl HttpMetrics {
    pub fn new(runtime: &Runtime) -> Self {
        let options = HistogramOpts::new("http_server_request_duration_seconds", "how long requests took")
            .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]);
        let histogram = HistogramVec::new(options, &["method", "route", "status"]).expect("the name is valid");
        if runtime.metrics().register(Box::new(histogram.clone())).is_err() {
            tracing::debug!("a metric was registered before");
        }
        Self { service: runtime.service().name(), durations: histogram }
    }
}

/// What may be said of a request anywhere: never its path, its query, its address.
struct About {
    method: &'static str,
    route: String,
}

impl About {
    fn of(request: &ServiceRequest) -> Self {
        Self { method: known(request.method()), route: request.match_pattern().unwrap_or_else(|| "unmatched".to_owned()) }
    }
}

/// A method is the caller's text, and a label of a metric must not be.
fn known(method: &Method) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

pub(crate) async fn around(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let (began, about) = (Instant::now(), About::of(&request));
    let metrics = request.app_data::<Data<HttpMetrics>>().cloned();
    let name = format!("{} {}", about.method, about.route);
    let service = metrics.as_ref().map(|metrics| metrics.service);
    let span =
        tracing::info_span!("request", otel.name = name, otel.kind = "server", service, tenant = Empty, http.response.status_code = Empty);
    let caller = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    runtime::telemetry::set_parent(&span, caller);
    let answer = answered(request, next).instrument(span.clone()).await;
    let status = answer.as_ref().map_or_else(|error| error.as_response_error().status_code(), ServiceResponse::status).as_u16();
    span.record("http.response.status_code", status);
    span.in_scope(|| log(&about, status, began.elapsed()));
    if let Some(metrics) = metrics {
        metrics.durations.with_label_values(&[about.method, &about.route, &status.to_string()]).observe(began.elapsed().as_secs_f64());
    }
    answer
}

fn log(about: &About, status: u16, took: Duration) {
    let (method, route, took_us) = (about.method, about.route.as_str(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    tracing::info!(method, route, status, took_us, trace_id = problem::trace_id(), "answered {method} {route}");
}

/// The handler's answer, whatever becomes of it: a panic ends one request, and no error leaves that is not a problem document.
async fn answered(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    // Nothing of a request that panicked is looked at afterwards.
    let Ok(answer) = AssertUnwindSafe(next.call(request)).catch_unwind().await else { return Err(Problem::new(Slug::INTERNAL).into()) };
    let answer =
        answer.map_err(|error| if error.as_error::<Problem>().is_some() { error } else { of_actix(&error.error_response()).into() })?;
    let mut answer = answer.map_into_boxed_body();
    if is_of_actix(answer.response()) {
        let problem = of_actix(answer.response());
        answer = answer.into_response(problem.response());
    }
    headers::decorate(answer.headers_mut(), &problem::trace_id());
    Ok(answer)
}

/// actix answers its own errors in plain text, which may repeat what was sent.
fn is_of_actix(answer: &HttpResponse) -> bool {
    let plain = || answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    (answer.status().is_client_error() || answer.status().is_server_error()) && plain()
}

fn of_actix(answer: &HttpResponse) -> Problem {
    let status = answer.status().as_u16();
    if status >= 500 {
        tracing::error!(status, "an answer failed outside of its handler");
    }
    Problem::new(Slug::of_status(status))
}
