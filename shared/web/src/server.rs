//! The server of a service's public API.

use crate::idempotency::KeyedHash;
use crate::middleware::{HttpMetrics, around};
use crate::openapi::Routes;
use crate::operations::{Operations, nowhere};
use crate::{ServiceConfig, problems};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use runtime::{Runtime, Stage};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Where, with how many threads, and with what secret of the service.
#[derive(Clone, Copy)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    pub workers: usize,
    secret: [u8; 32],
}

impl From<&ServiceConfig> for HttpConfig {
    fn from(config: &ServiceConfig) -> Self {
        Self { listen: config.listen, workers: config.http_workers, secret: config.secret("idempotency") }
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpConfig({}, {} workers)", self.listen, self.workers)
    }
}

/// How long a request may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long requests in hand may take when the service stops; less than the patience of the stage.
const DRAIN_SECONDS: u64 = 8;

/// Serves these routes until the service's first stage stops; says where. `parts` puts in what the handlers ask for.
///
/// # Errors
/// The address cannot be bound.
pub fn serve(
    runtime: &Runtime,
    config: HttpConfig,
    routes: Routes,
    parts: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<SocketAddr> {
    let document = crate::document(runtime.service(), routes);
    let operations = Data::new(Operations::of(&document));
    let metrics = Data::new(HttpMetrics::new(runtime));
    let keyed = Data::new(KeyedHash::new(config.secret));
    let server = HttpServer::new(move || {
        let (operations, metrics, keyed, parts) = (operations.clone(), metrics.clone(), keyed.clone(), parts.clone());
        App::new().wrap(from_fn(around)).configure(move |app| {
            mount(app, routes);
            app.app_data(operations).app_data(metrics).app_data(keyed).configure(parts);
        })
    })
    .workers(config.workers)
    .client_request_timeout(HEADERS_WITHIN)
    .disable_signals()
    .shutdown_timeout(DRAIN_SECONDS)
    .bind(config.listen)?;
    let bound = server.addrs().first().copied().unwrap_or(config.listen);
    let running = server.run();
    let handle = running.handle();
    runtime.spawn(Stage::Serve, "http", |stop| async move {
        tokio::spawn(async move {
            stop.cancelled().await;
            handle.stop(true).await;
        });
        running.await?;
        Ok(())
    });
    Ok(bound)
}

/// The routes of a service, the pages of problems, and an answer for everything else.
pub(crate) fn mount(app: &mut web::ServiceConfig, routes: Routes) {
    routes(&mut utoipa_actix_web::service_config::ServiceConfig::new(app));
    app.route("/problems", web::get().to(problems::index))
        .route("/problems/{slug}", web::get().to(problems::page))
        .default_service(web::to(nowhere));
}
