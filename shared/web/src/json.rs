//! Bodies: JSON that means something, or a problem that names the field and repeats no value.

use crate::gate::Gate;
use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};
use std::time::Duration;

/// The largest body, in bytes, unless a route reads a stream.
pub const LARGEST_BODY: usize = 256 * 1024;
/// How long it may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// A body of type `T`, which is an object; unknown fields are refused where `T` says so, which every body does. In the document: `request_body = T`.
pub struct ValidJson<T> {
    pub value: T,
    /// The bytes as they came, for the hash of an idempotency key.
    pub raw: Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for ValidJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (gate, fits) = (Gate::of(request), check_headers(request.headers()));
        let mut payload = payload.take();
        Box::pin(async move {
            gate.pass().await;
            fits?;
            let late = || Problem::new(Slug::NOT_READABLE).detail("The body did not come in time.");
            let raw = tokio::time::timeout(BODY_WITHIN, read(&mut payload, LARGEST_BODY)).await.map_err(|_| late())??;
            Ok(Self { value: parse(&raw)?, raw })
        })
    }
}

/// What can be said of a body before it is read.
fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
    let is_json = text(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    let is_plain = text(CONTENT_ENCODING).is_none_or(|encoding| encoding.is_empty() || encoding == "identity");
    if !is_json || !is_plain {
        return Err(Problem::new(Slug::UNSUPPORTED_TYPE).detail("Send application/json, without a content encoding."));
    }
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > LARGEST_BODY) { Err(Problem::new(Slug::TOO_LARGE)) } else { Ok(()) }
}

/// Reads a body up to a limit.
async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut body = actix_web::web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Slug::NOT_READABLE).detail("The body ended before its end."))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::new(Slug::TOO_LARGE));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads JSON; serde's own texts repeat values and never leave.
pub(crate) fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    // serde takes a list for a struct too, field by field; a body of ours is an object.
    if !raw.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(raw).is_ok() {
        return Err(Problem::invalid("", "wrong-type", "The body is an object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let cause = error.into_inner();
        if cause.is_data() {
            invalid(&pointer, &cause.to_string())
        } else {
            Problem::new(Slug::NOT_READABLE).detail("The body is not JSON.")
        }
    })?;
    deserializer.end().map_err(|_| Problem::new(Slug::NOT_READABLE).detail("Something stands behind the JSON."))?;
    if holds_nul(raw) {
        return Err(Problem::invalid("", "nul-character", "No text may hold the character NUL."));
    }
    Ok(value)
}

/// Whether a text of this JSON holds NUL, which stands there as `\u0000` and which PostgreSQL could not keep.
fn holds_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(place) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[place + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        // What is escaped, a backslash included, begins no escape of its own.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

fn invalid(pointer: &str, message: &str) -> Problem {
    // The name of a missing field is ours, not the caller's.
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return Problem::invalid(&format!("{pointer}/{field}"), "missing", "This field is needed.");
    }
    let (code, detail) = if message.starts_with("unknown field") {
        ("unknown-field", "There is no such field.")
    } else if message.starts_with("unknown variant") {
        ("unknown-value", "This is none of the values that it may be.")
    } else if message.starts_with("duplicate field") {
        ("duplicate-field", "The field stands here twice.")
    } else if message.starts_with("invalid type") {
        ("wrong-type", "This is of another type than it has to be.")
    } else {
        ("invalid-value", "This is not a valid value.")
    };
    Problem::invalid(pointer, code, detail)
}

/// RFC 6901. Names of the caller's own making are left out unless they look like names of fields.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.extend(["/", &index.to_string()]),
            Segment::Map { key } if looks_like_a_field(key) => pointer.extend(["/", key]),
            Segment::Enum { variant } if looks_like_a_field(variant) => {}
            _ => break,
        }
    }
    pointer
}

/// Names of ours begin with a letter; somebody's telephone number as a key does not.
fn looks_like_a_field(key: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit();
    key.len() <= 40 && key.starts_with(|first: char| first.is_ascii_lowercase()) && key.bytes().all(known)
}
