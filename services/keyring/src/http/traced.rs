//! A span around every request that continues the asker's trace. It says which route and how it ended, never whose key.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tracing::Instrument;

pub async fn traced(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let span = tracing::info_span!("keys", route, status = tracing::field::Empty);
    let asker = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    runtime::telemetry::set_parent(&span, asker);
    let response = next.call(request).instrument(span.clone()).await?;
    span.record("status", response.status().as_u16());
    Ok(response)
}
