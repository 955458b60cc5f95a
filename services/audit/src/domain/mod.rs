//! The log as mathematics: no storage, no network. `mxtr verify log` uses it offline.

pub mod checkpoint;
pub mod entry;
pub mod merkle;
