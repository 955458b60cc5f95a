//! The internal address: protobuf over HTTP, for services with a token. [`routes`] is the list of what is there.

mod asker;
mod create_keys;
mod desk;
mod destroy_key;
mod index_keys;
mod message;
mod release_keys;
mod show_epoch;
mod traced;

pub use desk::Desk;

use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use runtime::{Runtime, Stage};
use std::net::SocketAddr;

/// The largest body: 5,000 ids and their frame, with room to spare.
const BODY_BYTES: usize = 512 * 1024;
/// How many holders a request may name.
const HOLDERS: usize = 5_000;

/// Every route.
pub fn routes(api: &mut ServiceConfig) {
    api.service(create_keys::create_keys)
        .service(release_keys::release_keys)
        .service(destroy_key::destroy_key)
        .service(index_keys::index_keys)
        .service(show_epoch::show_epoch);
}

/// Serves services until the first stage stops; says where.
///
/// # Errors
/// The address cannot be bound.
pub fn serve(runtime: &Runtime, listen: SocketAddr, workers: usize, desk: Desk) -> std::io::Result<SocketAddr> {
    let desk = Data::new(desk);
    let server = HttpServer::new(move || App::new().wrap(from_fn(traced::traced)).app_data(desk.clone()).configure(routes));
    let server = server.workers(workers).disable_signals().shutdown_timeout(10).bind(listen)?;
    let bound = server.addrs().first().copied().unwrap_or(listen);
    let running = server.run();
    let handle = running.handle();
    runtime.spawn(Stage::Serve, "internal http", |stop| async move {
        tokio::spawn(async move {
            stop.cancelled().await;
            handle.stop(true).await;
        });
        running.await?;
        Ok(())
    });
    Ok(bound)
}
