//! What happens around every request: a span that continues the caller's trace, a log line without anything personal, the security headers.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use prometheus::{HistogramOpts, HistogramVec};
use runtime::Runtime;
use tokio::time::Instant;
use tracing::Instrument as _;

/// How long requests take, by route.
pub(crate) struct HttpMetrics(HistogramVec);

impl HttpMetrics {
    pub fn new(runtime: &Runtime) -> Self {
        let options = HistogramOpts::new("http_request_duration_seconds", "how long requests took")
            .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]);
        let histogram = HistogramVec::new(options, &["method", "route", "status"]).expect("the name is valid");
        if runtime.metrics().register(Box::new(histogram.clone())).is_err() {
            tracing::debug!("a metric was registered before");
        }
        Self(histogram)
    }
}

pub(crate) async fn around(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let (method, route) = (request.method().to_string(), request.match_pattern().unwrap_or_else(|| "unmatched".to_owned()));
    let metrics = request.app_data::<Data<HttpMetrics>>().cloned();
    let span = tracing::info_span!("request", method, route, tenant = tracing::field::Empty, status = tracing::field::Empty);
    let caller = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    runtime::telemetry::set_parent(&span, caller);
    let answering = async move {
        let mut response = next.call(request).await?;
        decorate(response.headers_mut());
        Ok::<_, Error>(response)
    };
    let response = answering.instrument(span.clone()).await?;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.record("status", status);
    let _entered = span.enter();
    tracing::info!(status, took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered {method} {route}");
    if let Some(metrics) = metrics {
        metrics.0.with_label_values(&[method.as_str(), route.as_str(), &status.to_string()]).observe(took.as_secs_f64());
    }
    Ok(response)
}

/// Set unless the handler has said something of its own.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    (header::CACHE_CONTROL, "no-store"),
];

fn decorate(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(trace) = HeaderValue::from_str(&crate::problem::trace_id()) {
        headers.insert(HeaderName::from_static("mxtr-trace-id"), trace);
    }
}
