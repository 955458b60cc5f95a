//! What can go wrong, and what a caller hears of it.

use crate::domain::statement::Refusal;
use actix_web::{HttpResponse, ResponseError};
use bus::Stale;
use db::DbError;
use web::idempotency::Refused;
use web::{Problem, Slug};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such person or record")]
    NotFound,
    #[error("the statement cannot be recorded")]
    Inadmissible(#[from] Refusal),
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error("the request cannot be repeated")]
    Repeat(#[from] Refused),
    #[error("what is known is too old")]
    Stale(#[from] Stale),
    #[error("the records could not be read or written")]
    Db(#[from] DbError),
    #[error("a stored state cannot be read")]
    State(#[from] prost::DecodeError),
}

/// What a route answers with.
pub type Result<T> = std::result::Result<T, Error>;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl From<Error> for bus::Rejected {
    /// Whether waiting helps: what is stored and cannot be read will not be read by trying again.
    fn from(error: Error) -> Self {
        match error {
            Error::Db(_) | Error::Stale(_) | Error::Repeat(_) => Self::Retry(error.into()),
            Error::NotFound | Error::Inadmissible(_) | Error::Refused(_) | Error::State(_) => Self::Poison(error.into()),
        }
    }
}

impl Error {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Slug::NOT_FOUND),
            Self::Inadmissible(refusal) => inadmissible(*refusal),
            Self::Refused(problem) => problem.clone(),
            Self::Repeat(refused) => refused.problem(),
            Self::Stale(_) => Problem::new(Slug::VIEW_STALE),
            Self::Db(cause) => Problem::of_database(cause),
            Self::State(_) => Problem::internal(self),
        }
    }
}

fn inadmissible(refusal: Refusal) -> Problem {
    let (pointer, code) = match refusal {
        Refusal::NotByConsent => ("/purpose", "not-by-consent"),
        Refusal::NotObjectable => ("/said", "not-objectable"),
        Refusal::OutOfReach => ("/purpose", "out-of-reach"),
        Refusal::InTheFuture => ("/collected_at", "in-the-future"),
        Refusal::NothingToWithdraw | Refusal::GivenBefore => return Problem::new(Slug::CONFLICT).detail(sentence(refusal)),
    };
    Problem::invalid(pointer, code, &sentence(refusal))
}

fn sentence(refusal: Refusal) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str() + ".").unwrap_or_default()
}

impl ResponseError for Error {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.problem().status()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().response()
    }
}
