//! What needs a real database, or logs and traces as a process sets them up.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod repeated;
mod traced;
