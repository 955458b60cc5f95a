#![doc = include_str!("../README.md")]

mod checkpointing;
pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
mod inventory;
pub mod store;

pub use config::Config;
pub use inventory::inventory;

use crate::checkpointing::Notary;
use crate::events::on_entry::OnEntry;
use ::events::topics;
use actix_web::web::Data;
use bus::{Consumer, Producer, Views};
use db::Db;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;
use opener::Keyring;
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use web::{Auth, HttpConfig};

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running audit can be reached.
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
    let producer = Producer::new(&config.common.kafka(), Service::Audit.name())?;
    let mut views = Views::new(&rt, &config.common.kafka());
    let auth = Data::new(Auth::start(&rt, &config.common, &mut views));
    let keyring = Data::new(Keyring::start(&rt, &config.common, views.add(&topics::SHREDDED))?);
    views.spawn()?;
    let notary = Notary { db: db.clone(), signer: config.signer()?, origin: config.log_origin.clone() };
    rt.spawn(Stage::Work, "checkpoints", |stop| notary.run(stop));
    Consumer::new(&rt, &producer).with(OnEntry { db: db.clone() }).spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let (cursors, db) = (Data::new(config.common.cursors()?), Data::new(db));
    let http = web::serve(&rt, HttpConfig::from(&config.common), http::routes, move |parts| {
        parts.app_data(auth.clone()).app_data(keyring.clone()).app_data(cursors.clone()).app_data(db.clone());
    })?;
    Ok(Running { http })
}

/// The API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Audit, http::routes)
}
