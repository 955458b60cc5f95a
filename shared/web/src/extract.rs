//! Paths and queries, with our problems.

use crate::gate::Gate;
use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

/// What stands in the path. An id that is none is not found, like an id that is nobody's.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let gate = Gate::of(request);
        let path = actix_web::web::Path::<T>::extract(request).into_inner().ok().filter(|_| !holds_nul(request.path()));
        Box::pin(async move {
            gate.pass().await;
            path.map(|path| Self(path.into_inner())).ok_or_else(|| Problem::new(Slug::NOT_FOUND))
        })
    }
}

/// What stands in the query. Nothing personal ever does.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let gate = Gate::of(request);
        let query = actix_web::web::Query::<T>::from_query(request.query_string()).ok().filter(|_| !holds_nul(request.query_string()));
        let unreadable = || Problem::new(Slug::NOT_READABLE).detail("A query parameter is unknown, missing or malformed.");
        Box::pin(async move {
            gate.pass().await;
            query.map(|query| Self(query.into_inner())).ok_or_else(unreadable)
        })
    }
}

/// No text of ours holds the character NUL, and PostgreSQL could not keep it.
fn holds_nul(encoded: &str) -> bool {
    encoded.contains("%00")
}
