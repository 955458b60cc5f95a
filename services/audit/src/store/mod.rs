//! The log in PostgreSQL.

pub mod checkpoints;
pub mod entries;
mod schema;
pub mod tree;
