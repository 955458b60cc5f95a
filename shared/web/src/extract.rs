//! Paths and queries, with our problems.

use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

/// What stands in the path. An id that is none is not found, like an id that is nobody's.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = actix_web::web::Path::<T>::extract(request).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_| Problem::new(Slug::NOT_FOUND)))
    }
}

/// What stands in the query. Nothing personal ever does.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = actix_web::web::Query::<T>::from_query(request.query_string());
        let unreadable = || Problem::new(Slug::NOT_READABLE).detail("A query parameter is unknown, missing or malformed.");
        ready(query.map(|query| Self(query.into_inner())).map_err(|_| unreadable()))
    }
}
