//! The health port: `/livez`, `/readyz`, `/metrics`, and the clock where it is a test's. Never public.

use crate::Runtime;
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Serves the health of these services (one process may run several) until `stop` is cancelled; says where.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve_health(
    address: SocketAddr,
    services: Vec<Runtime>,
    stop: tokio_util::sync::CancellationToken,
) -> std::io::Result<SocketAddr> {
    let services = Data::new(services);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(services.clone())
            .route("/livez", web::get().to(live))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(metrics))
            .route("/dev/clock", web::get().to(clock))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(address)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
    Ok(bound)
}

async fn live(services: Data<Vec<Runtime>>) -> HttpResponse {
    let dead: Vec<_> = services.iter().filter(|service| !service.is_alive()).map(|service| service.service().name()).collect();
    if dead.is_empty() {
        HttpResponse::Ok().json(json!({"live": true}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"live": false, "failed": dead}))
    }
}

async fn ready(services: Data<Vec<Runtime>>) -> HttpResponse {
    let waiting: Vec<_> = services
        .iter()
        .flat_map(|service| {
            service.unready().into_iter().map(|(check, why)| json!({"service": service.service().name(), "check": check, "why": why}))
        })
        .collect();
    if waiting.is_empty() {
        HttpResponse::Ok().json(json!({"ready": true}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"ready": false, "waiting_for": waiting}))
    }
}

async fn metrics(services: Data<Vec<Runtime>>) -> HttpResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&families(&services), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// What all services count, by name: a name stands in the text once, however many services have it.
fn families(services: &[Runtime]) -> Vec<MetricFamily> {
    let mut by_name: BTreeMap<String, MetricFamily> = BTreeMap::new();
    for family in services.iter().flat_map(|service| service.metrics().gather()) {
        match by_name.get_mut(family.name()) {
            Some(known) => known.mut_metric().extend(family.get_metric().iter().cloned()),
            None => drop(by_name.insert(family.name().to_owned(), family)),
        }
    }
    by_name.into_values().collect()
}

/// What time it is for these services; only a test's clock is told.
async fn clock(services: Data<Vec<Runtime>>) -> HttpResponse {
    match services.iter().map(Runtime::clock).find(|clock| clock.is_test()) {
        Some(clock) => HttpResponse::Ok().json(json!({"now": clock.now().to_string()})),
        None => HttpResponse::NotFound().finish(),
    }
}
