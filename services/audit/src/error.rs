//! What can go wrong, and what a caller hears of it.

use actix_web::{HttpResponse, ResponseError};
use db::DbError;
use opener::KeyringError;
use web::{Problem, Slug};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A leaf, a size or a person that the caller cannot know of.
    #[error("there is no such entry")]
    NotFound,
    #[error("the caller's limit lacks the purpose audit")]
    PurposeNotGranted,
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error("the person's commitment could not be made")]
    Keyring(#[from] KeyringError),
    #[error("the log could not be read")]
    Db(#[from] DbError),
    #[error("an entry of the log cannot be read")]
    Entry(#[from] prost::DecodeError),
}

/// What a route answers with.
pub type Result<T> = std::result::Result<T, Error>;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl Error {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Slug::NOT_FOUND),
            Self::PurposeNotGranted => Problem::forbidden("purpose-not-granted"),
            Self::Refused(problem) => problem.clone(),
            Self::Keyring(KeyringError::Unavailable) => Problem::new(Slug::UNAVAILABLE),
            Self::Keyring(KeyringError::Budget) => Problem::new(Slug::TOO_MANY).retry_after(10),
            Self::Keyring(KeyringError::Refused | KeyringError::Unreadable) | Self::Entry(_) => Problem::internal(self),
            Self::Db(cause) => Problem::of_database(cause),
        }
    }
}

impl ResponseError for Error {
    fn error_response(&self) -> HttpResponse {
        self.problem().response()
    }
}
