//! identity, through its front door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod api;
mod app;
mod first_start;
mod keys;
mod repair;
mod tenants;
mod tokens;
