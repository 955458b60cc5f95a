#![doc = include_str!("../README.md")]

pub mod cli;
mod client;
mod dead_letters;
mod doctor;
mod dump;
mod registry;
mod serve;
mod state;
mod up;

pub use registry::{SERVED, inventory, openapi, owner};
