//! A running contacts with a database, topics and a tenant of its own.

use contacts::{Config, MIGRATIONS, Running};
use kernel::{Service, TenantId};
use runtime::{Runtime, Secret};
use seal::evidence::Signer;
use testkit::{Client, Database, Key, Platform};

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub database: Database,
    pub tenant: TenantId,
    pub owner: Key,
    pub runtime: Runtime,
}

impl App {
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let database = testkit::database(Service::Contacts, MIGRATIONS).await;
        let platform = Platform::start(&kafka, &clock, Service::Contacts);
        let tenant = platform.tenant(&["newsletter", "support"]).await;
        let owner = platform.key(tenant, "owner").await;
        let config = Config {
            common: testkit::common(&database, &kafka),
            evidence_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
            import_largest_file: 1 << 20,
        };
        let runtime = testkit::runtime(Service::Contacts, &clock);
        let Running { http } = contacts::start(config, runtime.clone()).await.unwrap();
        let ready = runtime.clone();
        testkit::until("contacts is ready", || async { ready.unready().is_empty() }).await;
        Self { client: Client::anonymous(http), platform, database, tenant, owner, runtime }
    }
}
