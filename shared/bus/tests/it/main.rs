//! bus on a real broker: consumers, dead letters, views, the relay, and a broker that is killed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod consumer;
mod dead_letters;
mod faults;
mod relay;
mod repair;
mod topics;
mod traces;
mod views;
mod world;
