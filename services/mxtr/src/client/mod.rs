//! What a client's people do from a terminal.

pub mod import;
pub mod scan;
pub mod verify;
