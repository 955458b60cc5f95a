//! What can go wrong, and what an asker is told of it.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use db::DbError;
use diesel::result::Error as DieselError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No token, or not a valid one: which of both is not said.
    #[error("a valid service token is needed")]
    Unauthenticated,
    /// The table of who may ask for what says no.
    #[error("this service may not ask for this")]
    Forbidden,
    /// The budget of openings is spent.
    #[error("the budget of openings is spent")]
    OverBudget {
        /// When the same request fits.
        retry_after_seconds: u32,
    },
    /// The body is not the message it should be.
    #[error("the body is not a protobuf message of this operation")]
    Unreadable,
    /// The message says something impossible.
    #[error("the request is not valid: {0}")]
    Invalid(&'static str),
    /// The first thing this tenant asks for.
    #[error("the tenant has no key yet")]
    NewTenant,
    /// No epoch has begun yet.
    #[error("no epoch has begun yet")]
    NoEpoch,
    /// Another process did something in between.
    #[error("another process got in between")]
    Overtaken,
    /// Shredding without an entry in the ledger.
    #[error("a holder must stand in the ledger before it is shredded")]
    NotRecorded,
    /// The database failed.
    #[error("storage failed")]
    Db(#[from] DbError),
    /// A stored key cannot be opened with the key above it.
    #[error("a stored key does not open")]
    Unopenable(#[from] seal::Unopenable),
    /// The root keys cannot be used.
    #[error("the root keys failed")]
    Roots(#[from] seal::WrapError),
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        Self::Db(DbError::from(error))
    }
}

impl Error {
    /// Another process got in between: the same again sees what it did. A foreign key that fails is how the tables say so.
    pub fn is_overtaken(&self) -> bool {
        match self {
            Self::Overtaken => true,
            Self::Db(DbError::Query(failure)) => failure.foreign_key,
            _ => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::OverBudget { .. } => "rate-limited",
            Self::Unreadable => "unreadable",
            Self::Invalid(_) => "invalid",
            Self::NewTenant | Self::NoEpoch | Self::Overtaken | Self::NotRecorded | Self::Db(_) | Self::Unopenable(_) | Self::Roots(_) => {
                "unavailable"
            }
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::OverBudget { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NewTenant | Self::NoEpoch | Self::Overtaken | Self::NotRecorded | Self::Db(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unopenable(_) | Self::Roots(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A problem document (RFC 9457); a 5xx tells the asker nothing and the log everything.
    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let detail = (!status.is_server_error()).then(|| self.to_string());
        if status.is_server_error() {
            tracing::error!(error = ?self, "keyring could not answer");
        }
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/problem+json");
        if let Self::OverBudget { retry_after_seconds } = self {
            answer.insert_header((header::RETRY_AFTER, retry_after_seconds.to_string()));
        }
        let title = status.canonical_reason().unwrap_or("Problem");
        answer.json(serde_json::json!({ "type": format!("/problems/{}", self.name()), "title": title, "status": status.as_u16(), "detail": detail }))
    }
}
