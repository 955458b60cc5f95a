#![doc = include_str!("../README.md")]

mod acts;
pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
pub mod importing;
mod inventory;
pub mod store;
mod telling;
pub mod vault;

pub use config::Config;
pub use inventory::inventory;

use crate::events::OnRightsTask;
use crate::events::applied::acknowledge;
use crate::http::Desk;
use crate::importing::Importer;
use crate::vault::Vault;
use actix_web::web::Data;
use bus::{Consumer, Producer, Views};
use db::Db;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;
use opener::Opener;
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use std::sync::Arc;
use web::{Auth, HttpConfig};

/// The schema.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Where a running contacts can be reached.
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
    let producer = Producer::new(&config.common.kafka(), Service::Contacts.name())?;
    let mut views = Views::new(&rt, &config.common.kafka());
    let auth = Data::new(Auth::start(&rt, &config.common, &mut views));
    let opener = Opener::start(&rt, &config.common, &mut views, &auth, &db)?;
    views.spawn()?;
    let vault = Vault::new(opener.keyring().clone());
    let importer = Arc::new(Importer::new(db.clone(), opener.clone(), vault.clone()));
    let (working, acknowledging) = (importer.clone(), (db.clone(), opener.people().clone(), rt.instance().to_owned()));
    rt.spawn(Stage::Work, "imports", |stop| async move { working.run(stop).await });
    rt.spawn(Stage::Work, "acknowledging", |stop| acknowledge(acknowledging.0, acknowledging.1, acknowledging.2, stop));
    let participant = Arc::new(config.participant()?);
    Consumer::new(&rt, &producer)
        .with(OnRightsTask { db: db.clone(), opener: opener.clone(), vault: vault.clone(), participant })
        .spawn()?;
    bus::spawn_relay(&rt, &db, &producer);
    let desk = Data::new(Desk { db, opener, vault, importer, largest_file: config.import_largest_file });
    let cursors = Data::new(config.common.cursors()?);
    let http = web::serve(&rt, HttpConfig::from(&config.common), http::routes, move |parts| {
        parts.app_data(auth.clone()).app_data(desk.clone()).app_data(cursors.clone());
    })?;
    Ok(Running { http })
}

/// The API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    web::document(Service::Contacts, http::routes)
}
