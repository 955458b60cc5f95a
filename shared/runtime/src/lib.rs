#![doc = include_str!("../README.md")]

mod health;
mod service;
mod settings;
pub mod telemetry;

pub use health::serve_health;
pub use service::{Runtime, Stage};
pub use settings::{ConfigError, Environment, Secret, load};
