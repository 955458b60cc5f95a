//! A running consent with a database, topics and a tenant of its own.

use bus::KafkaConfig;
use consent::{Config, MIGRATIONS, Running};
use events::contacts::{Change, ContactChanged};
use events::{Outgoing, topics};
use kernel::{Clock, Service, SubjectId, TenantId, micros};
use runtime::{Runtime, Secret};
use seal::evidence::{Kind, PublicKeys, Signer};
use serde_json::{Value, json};
use testkit::{Answer, Client, Database, Key, Platform};

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 3] = [
    "consent.decisions PersonState",  // repair; said again by everybody who hears an older one
    "consent.recorded",               // recording
    "consent.outcomes RightsOutcome", // rights_tasks; every consent of this test binary answers every task
];

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub clock: Clock,
    pub database: Database,
    pub tenant: TenantId,
    pub owner: Key,
    pub evidence: PublicKeys,
    pub runtime: Runtime,
}

impl App {
    pub async fn start() -> Self {
        Self::start_on(testkit::kafka().await).await
    }

    /// On these topics.
    pub async fn start_on(kafka: KafkaConfig) -> Self {
        let clock = testkit::clock();
        let database = testkit::database(Service::Consent, MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY);
        let (receipts, word) = (Signer::generate_pkcs8(), Signer::generate_pkcs8());
        let keys = json!({"keys": [
            Signer::from_pkcs8(Kind::Receipt, &receipts).unwrap().public_jwk(),
            Signer::from_pkcs8(Kind::Participant, &word).unwrap().public_jwk(),
        ]});
        let platform = Platform::start(&kafka, &clock, Service::Consent);
        let tenant = platform.tenant(&["newsletter", "support"]).await;
        let owner = platform.key(tenant, "owner").await;
        let config = Config {
            common: testkit::common(&database.url, &kafka),
            receipt_key: Secret::new(hex::encode(&receipts)),
            evidence_key: Secret::new(hex::encode(&word)),
        };
        let runtime = testkit::runtime(Service::Consent, &clock);
        let Running { http } = consent::start(config, runtime.clone()).await.unwrap();
        let ready = runtime.clone();
        testkit::until("consent is ready", || async { ready.unready().is_empty() }).await;
        let evidence = PublicKeys::from_json(&keys.to_string()).unwrap();
        Self { client: Client::anonymous(http), platform, clock, database, tenant, owner, evidence, runtime }
    }

    /// Says that contacts has a person, and waits until consent knows.
    pub async fn person(&self, tenant: TenantId, owner: &Key, role: &str) -> SubjectId {
        let subject = SubjectId::random();
        self.platform.say(&[self.changed(tenant, subject, 1, Change::Created, role)]).await;
        let client = self.client.with(owner);
        let question = json!({"questions": [{"subject_id": subject, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
        testkit::until("consent knows the person", || async {
            client.post("/v1/decisions", &question).await.json()["data"][0]["known"] == true
        })
        .await;
        subject
    }

    pub fn changed(&self, tenant: TenantId, subject: SubjectId, version: i64, change: Change, role: &str) -> Outgoing {
        let event = ContactChanged {
            tenant_id: tenant.as_bytes().to_vec(),
            subject_id: subject.as_bytes().to_vec(),
            version,
            change: change.into(),
            role: role.to_owned(),
            source: "client".to_owned(),
            categories: 0,
            import_id: Vec::new(),
            changed_at_us: micros(self.clock.now()),
            quarantined: false,
        };
        Outgoing::new(&topics::CONTACT_CHANGES, subject.as_bytes(), tenant, &self.clock, &event)
    }

    pub fn statement(subject: SubjectId, purpose: &str, said: &str) -> Value {
        json!({"subject_id": subject, "purpose": purpose, "said": said, "method": "form", "language": "de-DE", "text_version": "newsletter-2026-03"})
    }

    pub async fn says(&self, subject: SubjectId, purpose: &str, said: &str) -> Answer {
        self.client.with(&self.owner).post("/v1/consents", &Self::statement(subject, purpose, said)).await
    }

    /// What is decided for a purpose: (allowed, reasons).
    pub async fn decided(&self, subject: SubjectId, purpose: &str) -> (Value, Value) {
        let question = json!({"questions": [{"subject_id": subject, "purpose": purpose, "verb": "read", "categories": ["personal"]}]});
        let answer = self.client.with(&self.owner).post("/v1/decisions", &question).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let decision = answer.json()["data"][0].clone();
        (decision["allowed"].clone(), decision["withheld"][0]["reason"].clone())
    }
}
