//! The envelope, the rows of the outbox, the topic table, and what was ever published.

mod breaking;
mod envelope;
mod image;
mod outbox;
mod topics;
