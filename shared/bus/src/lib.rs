#![doc = include_str!("../README.md")]

mod admin;
mod client;
mod consumer;
pub mod dead_letters;
mod handler;
mod producer;
mod record;
mod relay;
mod view;
mod worker;

pub use admin::create_topics;
pub use client::{BusError, KafkaConfig};
pub use consumer::Consumer;
pub use handler::{Handler, Rejected};
pub use producer::Producer;
pub use relay::spawn_relay;
pub use view::{Stale, State, View, Views};
