//! Bodies: JSON that means something, or a problem that names the field and repeats no value.

use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// The largest body, in bytes, unless a route reads a stream.
pub const LARGEST_BODY: usize = 256 * 1024;

/// A body of type `T`; unknown fields are refused where `T` says so, which every body does.
pub struct ValidJson<T> {
    pub value: T,
    /// The bytes as they came, for the hash of an idempotency key.
    pub raw: Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for ValidJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json);
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json {
                return Err(Problem::new(Slug::UNSUPPORTED_TYPE).detail("Send application/json."));
            }
            let raw = read(&mut payload, LARGEST_BODY).await?;
            Ok(Self { value: parse(&raw)?, raw })
        })
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a body up to a limit.
pub(crate) async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
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
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let cause = error.into_inner();
        if cause.is_data() { invalid(&pointer, &cause.to_string()) } else { Problem::new(Slug::NOT_READABLE).detail("The body is not JSON.") }
    })?;
    deserializer.end().map_err(|_| Problem::new(Slug::NOT_READABLE).detail("Something stands behind the JSON."))?;
    Ok(value)
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
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } if looks_like_a_field(key) => pointer.push_str(&format!("/{key}")),
            Segment::Enum { variant } if looks_like_a_field(variant) => {}
            _ => break,
        }
    }
    pointer
}

fn looks_like_a_field(key: &str) -> bool {
    key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
}
