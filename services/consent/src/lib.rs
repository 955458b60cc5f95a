#![doc = include_str!("../README.md")]

pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
mod inventory;
mod recording;
mod repair;
pub mod store;

pub use config::Config;
pub use inventory::inventory;

use crate::events::{OnApplied, OnContactChanged, OnRightsTask};
use crate::recording::Recorder;
use ::events::topics;
use actix_web::web::Data;
use bus::{Consumer, Producer, Views};
use db::Db;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;
use opener::Keyring;
use runtime::Runtime;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use web::{Auth, HttpConfig};

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running consent can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub http: SocketAddr,
}

/// Makes every part and lets it run.
///
/// # Errors
/// A setting is wrong, or the address is taken. A database or a broker that is away is no error: they are waited for.
pub async fn start(config: Config, rt: Runtime) -> anyhow::Result<Running> {
    let db = Db::connect(&config.common.database(), &rt).await?;
    let producer = Producer::new(&config.common.kafka(), Service::Consent.name())?;
    let mut views = Views::new(&rt, &config.common.kafka());
    let auth = Data::new(Auth::start(&rt, &config.common, &mut views));
    let erased = views.add(&topics::SHREDDED);
    let keyring = Keyring::start(&rt, &config.common, erased.clone())?;
    repair::spawn(&rt, &db, &views.add(&topics::CONSENT_DECISIONS), auth.tenants());
    views.spawn()?;
    let participant = Arc::new(config.participant()?);
    Consumer::new(&rt, &producer)
        .with(OnContactChanged { db: db.clone(), erased })
        .with(OnApplied { db: db.clone() })
        .with(OnRightsTask { db: db.clone(), keyring, participant })
        .spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let recorder = Data::new(Recorder {
        db,
        receipts: config.receipts()?,
        lease: Duration::from_secs(config.common.lease_people_seconds),
        tenants: auth.tenants().clone(),
    });
    let cursors = Data::new(config.common.cursors()?);
    let http = web::serve(&rt, HttpConfig::from(&config.common), http::routes, move |parts| {
        parts.app_data(auth.clone()).app_data(recorder.clone()).app_data(cursors.clone());
    })?;
    Ok(Running { http })
}

/// The API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Consent, http::routes)
}
