//! What was opened and journalled: the only personal thing that a route can answer with.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

/// A value made of opened rows whose opening stands in the journal. Nothing but the opener makes one, and only a `Recorded` is answered.
pub struct Recorded<T>(T);

impl<T> Recorded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// What is shown of it.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Recorded<U> {
        Recorded(view(self.0))
    }

    /// What is shown of it, where that can fail.
    ///
    /// # Errors
    /// Those of `view`.
    pub fn try_map<U, E>(self, view: impl FnOnce(T) -> Result<U, E>) -> Result<Recorded<U>, E> {
        view(self.0).map(Recorded)
    }

    /// The opened values, for work inside the service. What is answered afterwards must not be made of them: map instead.
    pub fn for_work(self) -> T {
        self.0
    }
}

impl<T: Serialize> Recorded<T> {
    /// An answer with this status; never stored by anybody in between.
    pub fn respond(&self, status: StatusCode) -> HttpResponse {
        self.respond_with(HttpResponse::build(status))
    }

    /// An answer that already has headers.
    pub fn respond_with(&self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.insert_header(("cache-control", "no-store")).json(&self.0)
    }
}

impl Recorded<Vec<u8>> {
    /// A file for somebody to keep; never stored by anybody in between.
    pub fn download(self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.insert_header(("cache-control", "no-store")).body(self.0)
    }
}

impl<T> Recorded<Vec<T>> {
    /// The first of several, as an opening of one row has it.
    pub fn first(self) -> Option<Recorded<T>> {
        self.0.into_iter().next().map(Recorded)
    }
}
