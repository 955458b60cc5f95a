#![doc = include_str!("../README.md")]

mod cache;
mod keyring;
mod opener;
mod parts;
mod recorded;
mod rows;
mod service_token;

pub use events::keyring::HolderKind;
pub use keyring::{Ask, Held, Keyring, KeyringError};
pub use opener::{OpenError, Opener};
pub use parts::{Holder, SealedPart};
pub use recorded::Recorded;
pub use rows::{Asking, OpenedRow, SealedRow};
