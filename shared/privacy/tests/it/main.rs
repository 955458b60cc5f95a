//! Tests of `privacy`.

mod access;
mod decide;
mod decide_model;
mod inventory;
mod personal;
mod policy;
mod policy_check;
mod vocabulary;
