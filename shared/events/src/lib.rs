#![doc = include_str!("../README.md")]

mod envelope;
mod generated;
pub mod outbox;
pub mod topics;

pub use envelope::{DATA_CONTENT_TYPE, Incoming, Malformed, Outgoing, Position, SPEC_VERSION, Undecodable};
pub use generated::{Event, audit, consent, contacts, identity, keyring, platform, rights};
pub use topics::{Cleanup, Topic, Writer};
