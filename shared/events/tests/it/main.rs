//! The envelope, the rows of the outbox, the topic table, and what was ever published.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod breaking;
mod envelope;
mod image;
mod outbox;
mod topics;
