#![doc = include_str!("../README.md")]

pub mod apikey;
mod auth;
mod caller;
mod config;
pub mod cursor;
pub mod etag;
mod extract;
pub mod idempotency;
mod json;
mod middleware;
mod openapi;
mod problem;
mod problems;
mod server;
pub mod token;

pub use auth::{Auth, Identified};
pub use caller::{Caller, Limit, Right, access_limit};
pub use config::ServiceConfig;
pub use extract::{Path, Query};
pub use json::ValidJson;
pub use openapi::{Routes, document, operations_without_limit};
pub use problem::{FieldError, Problem};
pub use problems::Slug;
pub use server::{HttpConfig, serve};
