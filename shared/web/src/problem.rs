//! Problems: RFC 9457, with a JSON pointer per fault, and never a value that the caller sent.

use crate::{Slug, headers};
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Serialize;
use std::fmt;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The media type of problems (RFC 9457, 3).
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// Why a call is refused as a whole: a closed list.
pub const REASONS: [&str; 7] = [
    "verb-not-granted",
    "category-not-granted",
    "purpose-not-granted",
    "purpose-not-registered",
    "network-not-allowed",
    "tenant-suspended",
    "policy-acceptance-required",
];

/// A fault of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it stands in the body (RFC 6901).
    #[schema(example = "/email")]
    pub pointer: String,
    /// A word for programs.
    #[schema(example = "invalid-email")]
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

/// A problem document (RFC 9457), boxed, because it is what every fallible function of a route may return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem(Box<Document>);

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Document {
    /// The address of a page about this kind of problem.
    #[schema(example = "/problems/invalid")]
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The trace id of the request.
    instance: String,
    /// Why a call was refused as a whole, from a closed list.
    #[schema(example = "verb-not-granted")]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip)]
    retry_after: Option<u32>,
    #[serde(skip)]
    allow: Option<String>,
    /// Whether a credential came and was none of ours (RFC 6750, 3.1).
    #[serde(skip)]
    credential_refused: bool,
}

impl Problem {
    /// A problem of this kind, in the trace of the request in hand.
    pub fn new(slug: Slug) -> Self {
        Self(Box::new(Document {
            kind: format!("/problems/{}", slug.name),
            title: slug.title,
            status: slug.status,
            detail: None,
            instance: trace_id(),
            reason: None,
            errors: Vec::new(),
            retry_after: (slug.status == 503).then_some(1),
            allow: None,
            credential_refused: false,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Document)) -> Self {
        change(&mut self.0);
        self
    }

    /// Nobody said who calls.
    pub fn unauthenticated() -> Self {
        Self::new(Slug::UNAUTHENTICATED)
    }

    /// Somebody said who calls, and it is nobody whom we know: one answer for every reason.
    pub fn unknown_credential() -> Self {
        Self::unauthenticated().with(|problem| problem.credential_refused = true)
    }

    /// A 5xx says the trace id and nothing else; the log says the rest, here and once.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let mut text = cause.to_string();
        let mut deeper = cause.source();
        while let Some(cause) = deeper {
            text = format!("{text}: {cause}");
            deeper = cause.source();
        }
        tracing::error!(cause = text, "a request failed");
        Self::new(Slug::INTERNAL)
    }

    /// What a failure of the database means to a caller.
    pub fn of_database(cause: &db::DbError) -> Self {
        match cause {
            db::DbError::Unavailable | db::DbError::Again | db::DbError::Busy => Self::new(Slug::UNAVAILABLE),
            db::DbError::Conflict(_) => Self::new(Slug::CONFLICT),
            db::DbError::NotFound => Self::new(Slug::NOT_FOUND),
            db::DbError::Query(_) => Self::internal(cause),
        }
    }

    /// The whole call is refused, for one of [`REASONS`].
    pub fn forbidden(reason: &'static str) -> Self {
        debug_assert!(REASONS.contains(&reason), "{reason} is not in the closed list");
        Self::new(Slug::FORBIDDEN).with(|problem| problem.reason = Some(reason))
    }

    /// One field is wrong; more can be added.
    pub fn invalid(pointer: &str, code: &str, detail: &str) -> Self {
        Self::new(Slug::INVALID).and(pointer, code, detail)
    }

    /// Another field is wrong too.
    #[must_use]
    pub fn and(self, pointer: &str, code: &str, detail: &str) -> Self {
        let error = FieldError { pointer: pointer.to_owned(), code: code.to_owned(), detail: detail.to_owned() };
        self.with(|problem| problem.errors.push(error))
    }

    /// A sentence of ours; never text that the caller sent.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        self.with(|problem| problem.detail = Some(detail.into()))
    }

    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with(|problem| problem.retry_after = Some(seconds))
    }

    /// The methods that are allowed.
    #[must_use]
    pub fn allow(self, methods: String) -> Self {
        self.with(|problem| problem.allow = Some(methods))
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer, with every header that an answer has: it may leave without passing the middleware.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(methods) = &self.0.allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        if self.0.status == 401 {
            let challenge =
                if self.0.credential_refused { r#"Bearer realm="mxtr", error="invalid_token""# } else { r#"Bearer realm="mxtr""# };
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        let body = serde_json::to_string(self).expect("a problem has a JSON form");
        let mut response = response.content_type(CONTENT_TYPE).body(body);
        headers::decorate(response.headers_mut(), &self.0.instance);
        response
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Document::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Document::schemas(schemas);
    }
}

/// The trace id of the request in hand.
pub(crate) fn trace_id() -> String {
    hex::encode(runtime::telemetry::trace_id())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.title)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}
