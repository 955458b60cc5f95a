//! The one address: a proxy by path prefix, and the development clock where it is on.

use super::clock::{self, Hand};
use super::environment::Addresses;
use super::proxy::{Routes, forward};
use super::secrets::Secrets;
use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use bus::KafkaConfig;
use std::net::TcpListener;
use std::path::Path;

/// What answers at the base address. Development only: in a cluster, an ingress does this by the same table.
pub struct Front {
    routes: Data<Routes>,
    hand: Option<Data<Hand>>,
}

impl Front {
    pub fn new(addresses: &Addresses, test_clock: Option<KafkaConfig>, secrets: Secrets, folder: &Path) -> Self {
        let hand = test_clock.map(|kafka| Data::new(Hand::new(kafka, secrets, addresses.health.values().copied().collect(), folder)));
        Self { routes: Data::new(Routes::new(&addresses.http)), hand }
    }

    /// Serves at an address that is bound already; says how to stop it.
    pub fn serve(self, listener: TcpListener) -> anyhow::Result<ServerHandle> {
        let Self { routes, hand } = self;
        let server = HttpServer::new(move || {
            let app = App::new().app_data(routes.clone());
            let hand = hand.clone();
            app.configure(move |parts| {
                // Without the switch these routes do not exist.
                if let Some(hand) = hand {
                    clock::routes(parts, hand);
                }
            })
            .default_service(web::to(forward))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(5)
        .listen(listener)?;
        let running = server.run();
        let handle = running.handle();
        tokio::spawn(running);
        Ok(handle)
    }
}
