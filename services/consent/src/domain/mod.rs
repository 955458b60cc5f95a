//! What a person says about a purpose, and what follows from it. No storage, no network.

pub mod receipt;
pub mod state;
pub mod statement;
