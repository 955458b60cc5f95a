//! What keyring decides without a database: epochs, who may ask what, budgets, which bucket takes whom.

pub mod allocation;
pub mod budget;
pub mod epoch;
pub mod holder;
pub mod matrix;
