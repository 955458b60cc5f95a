//! A running audit with a database, topics and a tenant of its own.

use audit::{Config, MIGRATIONS, Running};
use events::platform::{ReadRecord, ReadSubject};
use events::{Outgoing, topics};
use kernel::{Clock, ReadId, Service, TenantId, micros};
use privacy::Category;
use runtime::{Runtime, Secret};
use seal::evidence::{Kind, Signer};
use testkit::{Client, Database, Key, Platform};

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 1] = [
    "audit.checkpoints Checkpoint", // log
];

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub clock: Clock,
    pub database: Database,
    pub tenant: TenantId,
    pub auditor: Key,
    /// The public key of checkpoints.
    pub public_key: [u8; 32],
    pub runtime: Runtime,
}

impl App {
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let database = testkit::database(Service::Audit, MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY);
        let pkcs8 = Signer::generate_pkcs8();
        let public_key = Signer::from_pkcs8(Kind::Checkpoint, &pkcs8).unwrap().public_key();
        let platform = Platform::start(&kafka, &clock, Service::Audit);
        let tenant = platform.tenant(&["newsletter"]).await;
        let auditor = platform.key(tenant, "auditor").await;
        let config = Config {
            common: testkit::common(&database.url, &kafka),
            evidence_key: Secret::new(hex::encode(&pkcs8)),
            log_origin: "mxtr/audit".to_owned(),
        };
        let runtime = testkit::runtime(Service::Audit, &clock);
        let Running { http } = audit::start(config, runtime.clone()).await.unwrap();
        let client = Client::anonymous(http);
        let ready = runtime.clone();
        testkit::until("audit is ready", || async { ready.unready().is_empty() }).await;
        Self { client, platform, clock, database, tenant, auditor, public_key, runtime }
    }

    /// Says that contacts opened `personal` of these people.
    pub async fn says_read(&self, tenant: TenantId, commitments: &[[u8; 32]]) -> Outgoing {
        let id = ReadId::new(&self.clock);
        let record = ReadRecord {
            read_id: id.as_bytes().to_vec(),
            tenant_id: tenant.as_bytes().to_vec(),
            principal_id: self.auditor.id.as_bytes().to_vec(),
            service: "contacts".to_owned(),
            operation: "get_contact".to_owned(),
            purpose: "client_service:support".to_owned(),
            verb: "read".to_owned(),
            subjects: commitments
                .iter()
                .map(|commitment| ReadSubject {
                    commitment: commitment.to_vec(),
                    opened: Category::Personal.bit(),
                    withheld: Category::Business.bit(),
                })
                .collect(),
            read_at_us: micros(self.clock.now()),
            trace_id: vec![0; 16],
            policy_version: "2026-01".to_owned(),
        };
        let event = Outgoing::new(topics::reads(Service::Contacts), id.as_bytes(), tenant, &self.clock, &record);
        self.platform.say(std::slice::from_ref(&event)).await;
        event
    }

    /// Waits until a tenant sees so many reads, and returns them.
    pub async fn reads(&self, key: &Key, count: usize) -> Vec<serde_json::Value> {
        let client = self.client.with(key);
        let seen = || async { client.get("/v1/reads").await.json()["data"].as_array().map_or(0, Vec::len) };
        testkit::until("the reads are in the log", || async { seen().await >= count }).await;
        client.get("/v1/reads").await.json()["data"].as_array().unwrap().clone()
    }
}
