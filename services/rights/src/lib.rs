#![doc = include_str!("../README.md")]

pub mod config;
pub mod desk;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
mod opening;
pub mod store;
pub mod timer;

pub use config::Config;

use crate::desk::Desk;
use crate::events::{OnOutcome, OnRightsTask};
use actix_web::web::Data;
use bus::{Consumer, Producer, Views};
use db::Db;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;
use opener::Opener;
use privacy::StoreRecord;
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Notify;
use web::{Auth, HttpConfig};

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running rights can be reached.
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
    let producer = Producer::new(&config.common.kafka(), Service::Rights.name())?;
    let mut views = Views::new(&rt, &config.common.kafka());
    let auth = Data::new(Auth::start(&rt, &config.common, &mut views));
    let opener = Opener::start(&rt, &config.common, &mut views, &auth, &db)?;
    views.spawn()?;
    let desk = Desk { db: db.clone(), opener, certificates: Arc::new(config.certificates()?), wake: Arc::new(Notify::new()) };
    let participant = Arc::new(config.participant()?);
    Consumer::new(&rt, &producer).with(OnOutcome { desk: desk.clone() }).with(OnRightsTask { desk: desk.clone(), participant }).spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let timed = desk.clone();
    rt.spawn(Stage::Work, "timer", |stop| timer::run(timed, stop));
    let (desk, cursors) = (Data::new(desk), Data::new(config.common.cursors()?));
    let http = web::serve(&rt, HttpConfig::from(&config.common), http::routes, move |parts| {
        parts.app_data(auth.clone()).app_data(desk.clone()).app_data(cursors.clone());
    })?;
    Ok(Running { http })
}

/// The API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Rights, http::routes)
}

/// What rights holds.
pub fn inventory() -> Vec<StoreRecord> {
    vec![StoreRecord::of::<store::CaseRow>(Service::Rights), StoreRecord::of::<store::parts::PartRow>(Service::Rights)]
}
