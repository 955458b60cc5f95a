#![doc = include_str!("../README.md")]

mod admin;
mod client;
mod consumer;

pub mod dead_letters;
mod dump;
mod handler;
mod metrics;
mod owners;
mod producer;
mod rebalance;
mod record;
mod relay;
mod repair;
mod state;
mod view;
mod views;
mod waiting;
mod worker;

pub use admin::create_topics;
pub use client::{BusError, KafkaConfig};
pub use consumer::Consumer;
pub use dump::{Record, dump};
pub use handler::{Handler, Rejected};
pub use owners::owners;
pub use producer::Producer;
pub use relay::spawn_relay;
pub use repair::spawn_repair;
pub use state::State;
pub use view::{Change, Stale, View};
pub use views::Views;
