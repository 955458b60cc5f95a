//! Cases as they are: kinds, states, deadlines, what is asked next, what is handed out. No storage, no network.

pub mod certificate;
pub mod due;
pub mod package;
pub mod page;
pub mod progress;
pub mod request;
pub mod secret;
