//! What can go wrong, and what a caller hears of it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use bus::Rejected;
use db::DbError;
use opener::{KeyringError, OpenError};
use web::idempotency::Refused;
use web::{Problem, Slug};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such case")]
    NotFound,
    #[error("the caller's limit lacks a verb that the case needs")]
    VerbNotGranted,
    #[error("the caller's limit lacks a category of the package")]
    CategoryNotGranted,
    #[error("the case is in a state in which this cannot be done")]
    WrongState,
    #[error("an erasure of this person is open")]
    ErasureOpen,
    #[error("the identifiers match several people")]
    Ambiguous,
    #[error(transparent)]
    Invalid(#[from] Problem),
    #[error("the request cannot be repeated")]
    Repeat(#[from] Refused),
    #[error("values could not be opened")]
    Open(#[from] OpenError),
    #[error("keys could not be had")]
    Keyring(#[from] KeyringError),
    #[error("storage failed")]
    Db(#[from] DbError),
    #[error("the system has no randomness")]
    Random(#[from] aws_lc_rs::error::Unspecified),
    #[error("a stored value cannot be read")]
    Stored(#[from] serde_json::Error),
    #[error("a stored answer cannot be read")]
    Answer(#[from] prost::DecodeError),
    #[error("the package could not be put together")]
    Package(#[from] zip::result::ZipError),
    #[error("the package could not be put together")]
    Write(#[from] std::io::Error),
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
            Self::VerbNotGranted => Problem::forbidden("verb-not-granted"),
            Self::CategoryNotGranted => Problem::forbidden("category-not-granted"),
            Self::WrongState => Problem::new(Slug::CONFLICT).detail("Read the case: its state does not allow this."),
            Self::ErasureOpen => Problem::new(Slug::CONFLICT).detail("An erasure of this person is open: one is enough."),
            Self::Ambiguous => {
                Problem::new(Slug::CONFLICT).detail("Several people match. Find out who is asking and confirm with their subject_id.")
            }
            Self::Invalid(problem) => problem.clone(),
            Self::Repeat(refused) => refused.problem(),
            Self::Open(cause) => cause.problem(),
            Self::Keyring(KeyringError::Unavailable) => Problem::new(Slug::UNAVAILABLE),
            Self::Keyring(KeyringError::Budget) => Problem::new(Slug::TOO_MANY).retry_after(10),
            Self::Db(cause) => Problem::of_database(cause),
            Self::Keyring(_) | Self::Random(_) | Self::Stored(_) | Self::Answer(_) | Self::Package(_) | Self::Write(_) => {
                Problem::internal(self)
            }
        }
    }
}

impl From<Error> for Rejected {
    /// Whether waiting helps: what is stored and cannot be read will not be read by trying again.
    fn from(error: Error) -> Self {
        match error {
            Error::Open(cause) => cause.into(),
            Error::Keyring(cause) => cause.into(),
            Error::Db(cause) => cause.into(),
            Error::Random(_) => Self::Retry(error.into()),
            Error::NotFound
            | Error::VerbNotGranted
            | Error::CategoryNotGranted
            | Error::WrongState
            | Error::ErasureOpen
            | Error::Ambiguous
            | Error::Invalid(_)
            | Error::Repeat(_)
            | Error::Stored(_)
            | Error::Answer(_)
            | Error::Package(_)
            | Error::Write(_) => Self::Poison(error.into()),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.problem().status()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().response()
    }
}
