#![doc = include_str!("../README.md")]

mod bootstrap;
pub mod config;
pub mod domain;
pub mod error;
pub mod http;
mod repair;
pub mod store;
pub mod tokens;

pub use config::Config;

use crate::bootstrap::Bootstrap;
use crate::store::api_keys::ApiKeyRow;
use crate::store::tenants::TenantRow;
use actix_web::web::Data;
use bus::{Producer, View, Views};
use db::{Db, EmbeddedMigrations, embed_migrations};
use events::identity::{Principal, Tenant};
use events::topics;
use kernel::Service;
use privacy::StoreRecord;
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use std::sync::Arc;
use web::{Auth, HttpConfig};

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running identity can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub http: SocketAddr,
}

/// What identity has told the others, as they hear it.
struct Told {
    tenants: Arc<View<Tenant>>,
    keys: Arc<View<Principal>>,
}

/// Makes every part and lets it run. Ready as soon as the house is there and told, which needs the schema.
///
/// # Errors
/// A setting is wrong, or the address is taken. A database or a broker that is away is no error: they are waited for.
pub async fn start(config: Config, rt: Runtime) -> anyhow::Result<Running> {
    let db = Db::connect(&config.common.database(), &rt).await?;
    let producer = Producer::new(&config.common.kafka(), Service::Identity.name())?;
    let mut views = Views::new(&rt, &config.common.kafka());
    let auth = Data::new(Auth::start(&rt, &config.common, &mut views));
    let told = Told { tenants: views.add(&topics::TENANTS), keys: views.add(&topics::PRINCIPALS) };
    repair::spawn(&rt, &db, &told);
    views.spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let tokens = Data::new(config.tokens(&rt)?);
    let bootstrap = Arc::new(Bootstrap::new(&config)?);
    let (making, house) = (bootstrap.clone(), db.clone());
    rt.spawn(Stage::Work, "bootstrap", |stop| async move {
        making.run(&house, &stop).await;
        stop.cancelled().await;
        Ok(())
    });
    rt.ready_when("bootstrap", move || bootstrap.is_done(&told.tenants, &told.keys));
    let (http, config) = (HttpConfig::from(&config.common), Data::new(config));
    let (cursors, db) = (Data::new(config.common.cursors()?), Data::new(db));
    let http = web::serve(&rt, http, http::routes, move |parts| {
        parts.app_data(auth.clone()).app_data(tokens.clone()).app_data(config.clone()).app_data(cursors.clone()).app_data(db.clone());
    })?;
    Ok(Running { http })
}

/// The API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Identity, http::routes)
}

/// What identity holds, for the register of processing: nothing about people.
pub fn inventory() -> Vec<StoreRecord> {
    vec![StoreRecord::of::<TenantRow>(Service::Identity), StoreRecord::of::<ApiKeyRow>(Service::Identity)]
}
