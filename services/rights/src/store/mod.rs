//! The tables of schema `rights`.

pub mod agenda;
pub mod cases;
pub mod outcomes;
pub mod parts;
mod schema;

pub use cases::CaseRow;
