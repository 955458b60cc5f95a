//! ETags: the version of a resource; whoever changes it says which version was read.

use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// The header of a resource in this version.
pub fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

/// `If-Match`: needed to change a single resource.
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
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = request.headers().get(IF_MATCH) else { return ready(Err(Problem::new(Slug::VERSION_REQUIRED))) };
        let version = header.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        // Text that was never an ETag of ours matches no version.
        ready(version.map(Self).ok_or_else(|| Problem::new(Slug::STALE_VERSION)))
    }
}
