//! What can go wrong with a database, sorted by what a caller can do about it.

use diesel::result::{DatabaseErrorKind, Error};

/// A failure of the database. Neither its text nor its source repeats a value.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Nobody is there, or no connection was free in time: try again later.
    #[error("the database is not available")]
    Unavailable,
    /// Two transactions got in each other's way (40001, 40P01): running it again is the remedy.
    #[error("the transaction has to run again")]
    Again,
    /// A lock was not had in time, or a statement took too long and was ended: the server has more to do than it can, or somebody is at the same row.
    #[error("the database is busy")]
    Busy,
    /// A unique key exists already; the name is the constraint's.
    #[error("a row with this key exists: {0}")]
    Conflict(String),
    /// The query found no row where there had to be one.
    #[error("no such row")]
    NotFound,
    /// Anything else.
    #[error("the query failed")]
    Query(#[source] Failure),
}

/// What the server said of a query, as far as it can be shown: PostgreSQL quotes what it was given, so that quotations are left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Failure {
    said: String,
    /// Whether a row that another points to is not there, or would go.
    pub foreign_key: bool,
}

impl Failure {
    fn of(error: &Error) -> Self {
        let Error::DatabaseError(kind, information) = error else {
            // Texts of other kinds may repeat what could not be converted.
            let said = match error {
                Error::SerializationError(_) => "a value could not be written",
                Error::DeserializationError(_) => "a value could not be read",
                Error::QueryBuilderError(_) => "the query could not be built",
                _ => "the query did not run",
            };
            return Self { said: said.to_owned(), foreign_key: false };
        };
        // PostgreSQL's own sentence, each quotation of which may be what was sent: `invalid input syntax for type uuid: "…"`.
        let sentence: String = information
            .message()
            .split('"')
            .enumerate()
            .map(|(at, part)| if at % 2 == 0 { part } else { "…" })
            .collect::<Vec<_>>()
            .join("\"");
        let place = [information.table_name(), information.column_name(), information.constraint_name()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let said = if place.is_empty() { sentence } else { format!("{sentence} ({})", place.join(", ")) };
        Self { said, foreign_key: matches!(kind, DatabaseErrorKind::ForeignKeyViolation) }
    }
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

/// What PostgreSQL says when it ends a statement of its own accord.
const ENDED: [&str; 2] = ["canceling statement due to lock timeout", "canceling statement due to statement timeout"];

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
                    _ if ENDED.iter().any(|ended| message.starts_with(ended)) => Self::Busy,
                    _ if GONE.iter().any(|gone| message.contains(gone)) => Self::Unavailable,
                    _ => Self::Query(Failure::of(&error)),
                }
            }
            _ => Self::Query(Failure::of(&error)),
        }
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for DbError {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        tracing::debug!(?error, "no connection to the database");
        Self::Unavailable
    }
}
