//! The server of a service's public API.

use crate::middleware::{HttpMetrics, around};
use crate::openapi::{Routes, blank, operations};
use crate::{Problem, ServiceConfig, Slug, problems};
use actix_web::dev::ResourceDef;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use runtime::{Runtime, Stage};
use std::net::SocketAddr;
use std::time::Duration;
use utoipa_actix_web::AppExt as _;

/// Where and with how many threads.
#[derive(Clone, Copy, Debug)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    pub workers: usize,
}

impl From<&ServiceConfig> for HttpConfig {
    fn from(config: &ServiceConfig) -> Self {
        Self { listen: config.listen, workers: config.http_workers }
    }
}

/// How long a request may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);

/// Which methods each path has, for the `Allow` of a 405.
struct Methods(Vec<(ResourceDef, Vec<&'static str>)>);

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
    let service = runtime.service();
    let document = crate::document(service, routes);
    let methods = Data::new(Methods(
        document.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), operations(item).into_iter().map(|(method, _)| method).collect())).collect(),
    ));
    let metrics = Data::new(HttpMetrics::new(runtime));
    let server = HttpServer::new(move || {
        let (app, _) = App::new().into_utoipa_app().openapi(blank(service)).configure(routes).split_for_parts();
        app.wrap(from_fn(around))
            .app_data(methods.clone())
            .app_data(metrics.clone())
            .configure(parts.clone())
            .route("/problems/{slug}", web::get().to(problems::page))
            .default_service(web::to(nowhere))
    })
    .workers(config.workers)
    .client_request_timeout(HEADERS_WITHIN)
    .disable_signals()
    .shutdown_timeout(10)
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

/// No route: the path is nobody's, or its methods are others.
async fn nowhere(request: HttpRequest, methods: Data<Methods>) -> HttpResponse {
    let known = methods.0.iter().find(|(path, _)| path.is_match(request.path()));
    match known {
        Some((_, methods)) => Problem::new(Slug::METHOD_NOT_ALLOWED).allow(methods.join(", ")).response(),
        None => Problem::new(Slug::NOT_FOUND).response(),
    }
}
