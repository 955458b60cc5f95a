//! `ETag` and `If-Match`: the version of a resource; whoever changes it says which version was read.

use crate::gate::Gate;
use crate::openapi::header;
use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// The header of a resource in this version.
pub fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

/// `If-Match`: needed to change a single resource. In the document: `params(IfMatch)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl IfMatch {
    /// # Errors
    /// 412 when the resource is in another version by now.
    pub fn check(self, version: i64) -> Result<(), Problem> {
        if self.0 == version { Ok(()) } else { Err(Problem::new(Slug::STALE_VERSION)) }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (gate, said) = (Gate::of(request), read(request));
        Box::pin(async move {
            gate.pass().await;
            said
        })
    }
}

fn read(request: &HttpRequest) -> Result<IfMatch, Problem> {
    let header = request.headers().get(IF_MATCH).ok_or_else(|| Problem::new(Slug::VERSION_REQUIRED))?;
    let text = header.to_str().unwrap_or_default().trim();
    if text == "*" {
        // It would match whatever is there, which is what nobody may say who changes it.
        return Err(Problem::new(Slug::VERSION_REQUIRED).detail("Name the version that you read; * names none."));
    }
    // Text that was never an ETag of ours, a weak one included, matches no version (RFC 9110, 13.1.1).
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version.map(IfMatch).ok_or_else(|| Problem::new(Slug::STALE_VERSION))
}

impl utoipa::IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header("If-Match", "The ETag of the version that was read.", Required::True)]
    }
}
