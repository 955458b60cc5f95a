//! A running rights with a database, topics and a tenant of its own.

use crate::keys::Keyring;
use bus::KafkaConfig;
use kernel::{Clock, Service, TenantId};
use rights::{Config, MIGRATIONS, Running};
use runtime::{Runtime, Secret};
use seal::evidence::Signer;
use testkit::{Client, Database, Key, Platform};

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 4] = [
    "rights.case_opened",            // api
    "rights.tasks RightsTask",       // api
    "rights.outcomes RightsOutcome", // cases; every rights of this test binary answers every task
    "rights.reads ReadRecord",       // cases
];

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub clock: Clock,
    pub database: Database,
    pub tenant: TenantId,
    pub owner: Key,
    pub runtime: Runtime,
    pub keyring: Option<Keyring>,
}

impl App {
    /// Nothing answers at keyring's address.
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        Self::run(kafka, clock, None).await
    }

    pub async fn with_keyring() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let keyring = Keyring::start(&kafka, &clock).await;
        Self::run(kafka, clock, Some(keyring)).await
    }

    pub async fn stop(self) {
        self.runtime.shut_down().await;
        if let Some(keyring) = &self.keyring {
            keyring.runtime.shut_down().await;
        }
    }

    async fn run(kafka: KafkaConfig, clock: Clock, keyring: Option<Keyring>) -> Self {
        let database = testkit::database(Service::Rights, MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY);
        let platform = Platform::start(&kafka, &clock, Service::Rights);
        let tenant = platform.tenant(&["newsletter", "support"]).await;
        let owner = platform.key(tenant, "owner").await;
        let mut common = testkit::common(&database.url, &kafka);
        if let Some(keyring) = &keyring {
            common.keys_url.clone_from(&keyring.url);
            common.service_token_file = keyring.folder.path().join("rights.token").display().to_string();
        }
        let config = Config {
            common,
            certificate_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
            evidence_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
        };
        let runtime = testkit::runtime(Service::Rights, &clock);
        let Running { http } = rights::start(config, runtime.clone()).await.unwrap();
        let ready = runtime.clone();
        testkit::until("rights is ready", || async { ready.unready().is_empty() }).await;
        Self { client: Client::anonymous(http), platform, clock, database, tenant, owner, runtime, keyring }
    }
}
