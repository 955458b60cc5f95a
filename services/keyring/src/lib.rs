#![doc = include_str!("../README.md")]

pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
pub mod metrics;
pub mod ops;
pub mod store;
pub mod timer;
pub mod tokens;

pub use config::Config;

use crate::domain::budget::Budgets;
use crate::events::OnRightsTask;
use crate::http::Desk;
use crate::metrics::Metrics;
use crate::ops::Store;
use crate::store::holders::HolderRecord;
use crate::store::ledger::LedgerRecord;
use crate::tokens::Tokens;
use anyhow::Context;
use bus::{Consumer, Producer};
use db::{Db, EmbeddedMigrations, embed_migrations};
use kernel::Service;
use privacy::StoreRecord;
use runtime::{Runtime, Stage};
use seal::FileKeyWrapper;
use std::net::SocketAddr;
use std::sync::Arc;
use web::HttpConfig;

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running keyring can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// The public address, on which there is nothing but the pages that every service has.
    pub http: SocketAddr,
    /// The address for services.
    pub internal: Option<SocketAddr>,
}

/// Makes every part and lets it run. Ready as soon as an epoch has begun, which needs the schema.
///
/// # Errors
/// A setting is wrong, or an address is taken. A database or a broker that is away is no error: they are waited for.
pub async fn start(config: Config, rt: Runtime) -> anyhow::Result<Running> {
    let db = Db::connect(&config.common.database(), &rt).await?;
    let producer = Producer::new(&config.common.kafka(), Service::Keyring.name())?;
    let metrics = Arc::new(Metrics::new(rt.metrics())?);
    let roots = FileKeyWrapper::open(&config.roots_dir).context("the folder of root keys cannot be used")?;
    let store = Arc::new(Store::new(db.clone(), Arc::new(roots), config.terms(), metrics.clone(), config.receipts()?));
    let tokens = Tokens::open(config.service_token_keys_file.clone(), rt.clock().clone())?;
    let desk = Desk { store: store.clone(), tokens, budgets: Budgets::new(config.allowance()), metrics, clock: rt.clock().clone() };

    let internal =
        http::serve(&rt, config.internal_listen, config.common.http_workers, desk).context("the internal address cannot be bound")?;
    let public = web::serve(&rt, HttpConfig::from(&config.common), no_routes, |_| {}).context("the public address cannot be bound")?;
    Consumer::new(&rt, &producer).with(OnRightsTask { store: store.clone() }).spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let (turning, sweeping, every) = (store.clone(), store.clone(), config.sweep_seconds);
    rt.spawn(Stage::Work, "epochs", |stop| timer::turn_epochs(turning, stop));
    rt.spawn(Stage::Work, "shreddings", move |stop| timer::finish_shreddings(sweeping, every, stop));
    rt.ready_when("epoch", move || store.has_epoch().then_some(()).ok_or_else(|| "no epoch has begun yet".to_owned()));
    Ok(Running { http: public, internal: Some(internal) })
}

/// The public API: there is none.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Keyring, no_routes)
}

fn no_routes(_: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {}

/// What keyring holds, for the register of processing.
pub fn inventory() -> Vec<StoreRecord> {
    vec![StoreRecord::of::<HolderRecord>(Service::Keyring), StoreRecord::of::<LedgerRecord>(Service::Keyring)]
}
