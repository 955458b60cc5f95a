//! What was said, in PostgreSQL.

pub mod acknowledgements;
pub mod people;
pub mod records;
mod schema;
