#![doc = include_str!("../README.md")]

pub mod apikey;
mod auth;
mod caller;
mod config;
pub mod cursor;
pub mod etag;
mod extract;
mod gate;
mod headers;
pub mod idempotency;
mod json;
mod known;
mod middleware;
mod openapi;
mod operations;
mod problem;
mod problems;
mod server;
pub mod token;

#[cfg(test)]
mod tests;

pub use auth::{Auth, Identified};
pub use caller::{Caller, Limit, PurposeHeader, Right, access_limit};
pub use config::{ClockKind, ServiceConfig};
pub use extract::{Path, Query};
pub use json::{LARGEST_BODY, ValidJson};
pub use openapi::{Routes, document, operations_without_limit};
pub use problem::{FieldError, Problem, REASONS};
pub use problems::Slug;
pub use server::{HttpConfig, serve};
