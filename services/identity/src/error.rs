//! What can go wrong, and what a caller hears of it.

use crate::domain::api_key::Over;
use crate::domain::grant::Fault;
use actix_web::{HttpResponse, ResponseError};
use db::DbError;
use web::idempotency::Refused;
use web::{Problem, Slug};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody's, or another tenant's: which of both is not said.
    #[error("there is no such thing for this caller")]
    NotFound,
    #[error("only the platform's administrator may do this")]
    NotTheHouse,
    #[error("the house cannot be suspended")]
    HouseStays,
    #[error("the key's terms are not granted")]
    NotGranted(Vec<Fault>),
    /// The caller's own key ended a moment ago.
    #[error("the caller's key is gone")]
    CallerGone,
    #[error("the key is over")]
    Over(#[from] Over),
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error("the request cannot be repeated")]
    Repeated(#[from] Refused),
    #[error("storage failed")]
    Db(#[from] DbError),
    #[error("a token could not be signed")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("the published evidence keys cannot be read")]
    EvidenceKeys(#[from] seal::evidence::Invalid),
}

/// What a route answers with.
pub type Result<T> = std::result::Result<T, Error>;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl Error {
    pub fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Slug::NOT_FOUND),
            Self::NotTheHouse => Problem::forbidden("verb-not-granted").detail("Only the platform's administrator may do this."),
            Self::HouseStays => Problem::new(Slug::CONFLICT).detail("The platform's own tenant cannot be suspended."),
            Self::NotGranted(faults) => faults.iter().fold(Problem::new(Slug::INVALID), |problem, fault| {
                let (pointer, code, detail) = told(*fault);
                problem.and(pointer, code, detail)
            }),
            Self::CallerGone => Problem::new(Slug::UNAUTHENTICATED),
            Self::Over(Over) => Problem::new(Slug::CONFLICT).detail("The key has ended. Make a new one."),
            Self::Refused(problem) => problem.clone(),
            Self::Repeated(refused) => refused.problem(),
            Self::Db(cause) => Problem::of_database(cause),
            Self::Token(_) | Self::EvidenceKeys(_) => Problem::internal(self),
        }
    }
}

/// Where in the request a fault is, its code, and a sentence.
fn told(fault: Fault) -> (&'static str, &'static str, &'static str) {
    match fault {
        Fault::VerbsNotInRole => ("/limit/verbs", "not-in-role", "The role does not have all of these verbs."),
        Fault::CategoriesNotInRole => ("/limit/categories", "not-in-role", "The role does not have all of these categories."),
        Fault::PurposesNotInRole => ("/limit/purposes", "not-in-role", "The role does not have all of these purposes."),
        Fault::RoleOfTheHouse => ("/roles/0", "role-of-the-house", "Only the platform's own keys have this role."),
        Fault::NotYours => ("/roles/0", "not-yours-to-hand-out", "Your key may not hand out this role with this limit."),
        Fault::NetworksNotYours => ("/networks", "not-yours-to-hand-out", "Your key works in some networks only, and so must this one."),
        Fault::EndsAfterYours => ("/expires_at", "not-yours-to-hand-out", "Your key ends, and this one must end no later."),
        Fault::EndsInThePast => ("/expires_at", "in-the-past", "The key would have ended already."),
    }
}

impl ResponseError for Error {
    fn error_response(&self) -> HttpResponse {
        self.problem().response()
    }
}
