//! What a client's people do from a terminal.

pub mod import;
pub mod verify;
