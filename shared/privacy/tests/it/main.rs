//! Tests of `privacy`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod access;
mod decide;
mod decide_model;
mod inventory;
mod personal;
mod policy;
mod policy_check;
mod vocabulary;
