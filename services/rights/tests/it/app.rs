//! A running rights with a database, topics and a tenant of its own.

use kernel::{Clock, Service, TenantId};
use rights::{Config, MIGRATIONS, Running};
use runtime::{Runtime, Secret};
use seal::evidence::Signer;
use testkit::{Client, Database, Key, Platform};

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub clock: Clock,
    pub database: Database,
    pub tenant: TenantId,
    pub owner: Key,
    pub runtime: Runtime,
}

impl App {
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let database = testkit::database(Service::Rights, MIGRATIONS).await;
        let platform = Platform::start(&kafka, &clock, Service::Rights);
        let tenant = platform.tenant(&["newsletter", "support"]).await;
        let owner = platform.key(tenant, "owner").await;
        let config = Config {
            common: testkit::common(&database, &kafka),
            certificate_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
            evidence_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
        };
        let runtime = testkit::runtime(Service::Rights, &clock);
        let Running { http } = rights::start(config, runtime.clone()).await.unwrap();
        let ready = runtime.clone();
        testkit::until("rights is ready", || async { ready.unready().is_empty() }).await;
        Self { client: Client::anonymous(http), platform, clock, database, tenant, owner, runtime }
    }
}
