#![doc = include_str!("../README.md")]

pub mod evidence;
mod frame;
pub mod index;
mod keys;
mod roots;
mod sealed;
pub mod wrap;

pub use keys::{BucketKey, CategoryKey, EpochKey, Key, SubjectKey};
pub use roots::{FileKeyWrapper, KeyWrapper, RootWork, WrapError};
pub use sealed::{Place, Unopenable, open, seal};
