//! Hands a request to the service that owns its path, and the answer back, both as streams.

use crate::registry::owner;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use kernel::Service;
use reqwest::header::{HeaderName, HeaderValue};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Who owns which prefix.
pub struct Routes {
    http: reqwest::Client,
    ports: BTreeMap<Service, u16>,
}

/// Headers that belong to one connection (RFC 9110, 7.6.1), and those that each side makes itself.
const OF_THE_CONNECTION: [&str; 9] =
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "host"];

impl Routes {
    pub fn new(ports: &BTreeMap<Service, u16>) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap_or_default();
        Self { http, ports: ports.clone() }
    }

    /// The address of the service that owns this path. What nobody owns is answered by identity, with the problem that belongs there.
    fn address(&self, path: &str) -> String {
        let port = self.ports.get(&owner(path).unwrap_or(Service::Identity)).copied().unwrap_or_default();
        format!("http://127.0.0.1:{port}")
    }
}

pub async fn forward(request: HttpRequest, payload: Payload, routes: Data<Routes>) -> HttpResponse {
    let address = format!("{}{}", routes.address(request.path()), request.uri());
    let Ok(method) = reqwest::Method::from_bytes(request.method().as_str().as_bytes()) else { return HttpResponse::BadRequest().finish() };
    let mut sending = routes.http.request(method, address);
    for (name, value) in request.headers() {
        let parts = (HeaderName::from_bytes(name.as_str().as_bytes()), HeaderValue::from_bytes(value.as_bytes()));
        if let (Ok(name), Ok(value)) = parts
            && !OF_THE_CONNECTION.contains(&name.as_str())
        {
            sending = sending.header(name, value);
        }
    }
    let has_body = request.headers().contains_key("content-length") || request.headers().contains_key("transfer-encoding");
    if has_body {
        sending = sending.body(reqwest::Body::wrap_stream(stream_of(payload)));
    }
    match sending.send().await {
        Ok(answer) => answer_with(answer),
        Err(_) => HttpResponse::ServiceUnavailable().insert_header(("retry-after", "1")).content_type("application/problem+json").body(
            r#"{"type":"/problems/unavailable","title":"Not available for the moment","status":503,"detail":"The service is starting, or is being started again."}"#,
        ),
    }
}

/// The request's body as a stream that may move between threads.
fn stream_of(mut payload: Payload) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let (bytes, taken) = mpsc::channel(8);
    actix_web::rt::spawn(async move {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| std::io::Error::other("the body ended before its end"));
            if bytes.send(chunk).await.is_err() {
                break;
            }
        }
    });
    stream::unfold(taken, |mut taken| async move { taken.recv().await.map(|chunk| (chunk, taken)) })
}

fn answer_with(answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        if !OF_THE_CONNECTION.contains(&name.as_str()) && name != "content-length" {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    match answer.content_length() {
        Some(0) => response.finish(),
        _ => response.streaming(answer.bytes_stream()),
    }
}
