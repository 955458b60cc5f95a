#![doc = include_str!("../README.md")]

// pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
pub mod metrics;
pub mod ops;
pub mod store;
pub mod timer;
pub mod tokens;

// pub use config::Config;

use crate::domain::budget::Budgets;
// use crate::events::OnRightsTask;
use crate::http::Desk;
use crate::metrics::Metrics;
use crate::ops::Store;
use crate::tokens::Tokens;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;
use privacy::StoreRecord;
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use std::sync::Arc;

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Where a running keyring can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// The public address, on which nothing but the document of an empty API is served.
    pub http: SocketAddr,
    /// The address for services.
    pub internal: Option<SocketAddr>,
}
