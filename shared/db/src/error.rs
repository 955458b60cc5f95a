//! What can go wrong with a database, sorted by what a caller can do about it.

use diesel::result::{DatabaseErrorKind, Error};

/// A failure of the database. Its text never repeats a value: PostgreSQL's own messages may, and stay in the source.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Nobody is there, or no connection was free in time: try again later.
    #[error("the database is not available")]
    Unavailable,
    /// Two transactions got in each other's way (40001, 40P01): running it again is the remedy.
    #[error("the transaction has to run again")]
    Again,
    /// A unique key exists already; the name is the constraint's.
    #[error("a row with this key exists: {0}")]
    Conflict(String),
    /// The query found no row where there had to be one.
    #[error("no such row")]
    NotFound,
    /// Anything else.
    #[error("the query failed")]
    Query(#[source] Error),
}

impl DbError {
    /// Whether waiting may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable)
    }

    /// Whether the cause of an error, however deep, says that the transaction has to run again.
    pub(crate) fn asks_for_another_run(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if matches!(error.downcast_ref::<Self>(), Some(Self::Again)) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// What PostgreSQL says when it goes away, comes back or is taken down; each ends the connection.
const GONE: [&str; 6] = [
    "terminating connection",
    "the database system is",
    "connection closed",
    "error communicating with the server",
    "could not connect",
    "unexpected EOF",
];

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match &error {
            Error::NotFound => Self::NotFound,
            Error::BrokenTransactionManager => Self::Unavailable,
            Error::DatabaseError(kind, information) => {
                let message = information.message();
                match kind {
                    DatabaseErrorKind::SerializationFailure => Self::Again,
                    DatabaseErrorKind::UniqueViolation => Self::Conflict(information.constraint_name().unwrap_or_default().to_owned()),
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable,
                    _ if message.starts_with("deadlock detected") => Self::Again,
                    _ if GONE.iter().any(|gone| message.contains(gone)) => Self::Unavailable,
                    _ => Self::Query(error),
                }
            }
            _ => Self::Query(error),
        }
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for DbError {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        tracing::debug!(?error, "no connection to the database");
        Self::Unavailable
    }
}
