//! Contacts and imports in PostgreSQL: one file an aggregate.

pub mod attestations;
pub mod imports;
pub mod people;
pub mod queue;
mod schema;
pub mod suppressions;

pub use people::ContactRow;
