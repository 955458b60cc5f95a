//! What needs a real database: requests that are repeated.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod repeated;
