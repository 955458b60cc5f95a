//! What can go wrong, and what a caller hears of it.

use crate::domain::import::layout::InvalidMapping;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use db::DbError;
use opener::{KeyringError, OpenError};
use web::idempotency::Refused;
use web::{Problem, Slug};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such contact or import")]
    NotFound,
    #[error("the caller's limit lacks a category of the fields that were sent")]
    CategoryNotGranted,
    #[error("a contact with this address exists")]
    Exists,
    #[error("this person asked not to be kept")]
    Suppressed,
    #[error("the tenant's privacy policy is not on record")]
    NoPolicy,
    #[error("the import is in a state in which this cannot be done")]
    WrongState,
    #[error("the mapping cannot be used")]
    Mapping(#[from] InvalidMapping),
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error("the request cannot be repeated")]
    Repeat(#[from] Refused),
    #[error("values could not be opened")]
    Open(#[from] OpenError),
    #[error("keys could not be had")]
    Keyring(#[from] KeyringError),
    #[error("storage failed")]
    Db(#[from] DbError),
    #[error("a stored value cannot be read")]
    Stored(#[from] serde_json::Error),
    #[error("a staged value does not open")]
    Unopenable(#[from] seal::Unopenable),
    #[error("what is there of the file cannot be read any more: {0}")]
    Lost(Lost),
    #[error("the reader of the file ended early")]
    Reader,
}

/// What of a file is lost for ever: trying again is no remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    Key,
    Columns,
    Rows,
    MissingRows,
}

impl Lost {
    /// The word by which a caller and the log know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key-destroyed",
            Self::Columns => "columns-unreadable",
            Self::Rows => "rows-unreadable",
            Self::MissingRows => "rows-missing",
        }
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
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
            Self::CategoryNotGranted => Problem::forbidden("category-not-granted"),
            Self::Exists => Problem::new(Slug::CONFLICT).detail("A contact with this e-mail address exists: search for it and change it."),
            Self::Suppressed => Problem::new(Slug::CONFLICT).detail("This person asked not to be kept. Nothing was stored."),
            Self::NoPolicy => {
                Problem::new(Slug::CONFLICT).detail("Put the tenant's own privacy policy on record first: PATCH /v1/tenants/{id}.")
            }
            Self::WrongState | Self::Lost(_) => Problem::new(Slug::CONFLICT).detail("Read the import: its state does not allow this."),
            Self::Mapping(why) => Problem::invalid("/columns", mapping_code(*why), &sentence(&why.to_string())),
            Self::Refused(problem) => problem.clone(),
            Self::Repeat(refused) => refused.problem(),
            Self::Open(cause) => cause.problem(),
            Self::Keyring(KeyringError::Unavailable) => Problem::new(Slug::UNAVAILABLE),
            Self::Keyring(KeyringError::Budget) => Problem::new(Slug::TOO_MANY).retry_after(10),
            Self::Db(cause) => Problem::of_database(cause),
            Self::Keyring(_) | Self::Stored(_) | Self::Unopenable(_) | Self::Reader => Problem::internal(self),
        }
    }
}

fn mapping_code(why: InvalidMapping) -> &'static str {
    match why {
        InvalidMapping::Columns => "columns",
        InvalidMapping::Twice => "mapped-twice",
        InvalidMapping::NoIdentifier => "no-identifier",
        InvalidMapping::CustomName => "custom-name",
        InvalidMapping::SpecialCategory => "special-category",
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str() + ".").unwrap_or_default()
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.problem().status()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().response()
    }
}
