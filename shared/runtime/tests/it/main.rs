//! What the crate promises to services, through its public surface.
#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod health;
mod settings;
mod stop;
