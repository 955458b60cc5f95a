#![doc = include_str!("../README.md")]

mod error;
mod housekeeping;
pub mod idempotency;
pub mod inbox;
mod journal;
mod migrate;
pub mod outbox;
mod pool;
mod read;
mod row_security;
mod schema;
mod tenant;

pub use error::{DbError, Failure};
pub use journal::Journal;
pub use migrate::{EmbeddedMigrations, Migration, embed_migrations, migrate, schema_is_current};
pub use pool::{DatabaseConfig, Db};
pub use row_security::{INFRA_TABLES, row_security_faults};
pub use tenant::{TenantTx, Work};

/// What diesel and diesel-async call a connection here.
pub use diesel_async::AsyncPgConnection;
