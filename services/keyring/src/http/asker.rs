//! Who asks: the service named in the token. The first argument of every handler.

use super::Desk;
use crate::error::Error;
use crate::metrics::Refused;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use kernel::Service;
use std::future::{Ready, ready};

/// A service that has shown its token.
#[derive(Clone, Copy, Debug)]
pub struct Asker(pub Service);

impl FromRequest for Asker {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let desk = request.app_data::<Data<Desk>>().expect("start() always installs a desk");
        let token =
            request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let asker = token.ok_or(Error::Unauthenticated).and_then(|token| desk.tokens.verify(token)).map(Asker);
        if asker.is_err() {
            desk.metrics.refused(Refused::Token);
        }
        ready(asker)
    }
}
