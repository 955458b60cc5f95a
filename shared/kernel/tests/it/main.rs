//! Tests of `kernel`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod card;
mod clock;
mod email;
mod ids;
mod phone;
mod service;
