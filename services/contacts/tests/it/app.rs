//! A running contacts with a keyring, a database, topics and a tenant of its own.

use bus::KafkaConfig;
use contacts::{Config, MIGRATIONS, Running};
use events::keyring::{CreateKeysRequest, DestroyKeyRequest, HolderKind, KeysAnswer};
use kernel::{CaseId, Clock, Service, TenantId};
use prost::Message as _;
use reqwest::Method;
use runtime::{Runtime, Secret};
use seal::Key as SealKey;
use seal::evidence::{Kind, PublicKeys, Signer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use tempfile::TempDir;
use testkit::{Answer, Client, Database, Key, Platform, send};

/// The purpose for which tests read: the tenant's own work with its contacts.
pub const OPERATE: &str = "operate";

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 6] = [
    "contacts.changes ContactChanged", // contacts, quarantine
    "contacts.reads ReadRecord",       // contacts
    "contacts.import_staged",          // acts
    "contacts.import_committed",       // acts
    "contacts.attestation_created",    // acts
    "contacts.outcomes RightsOutcome", // rights_tasks; every contacts of this test binary answers every task
];

pub struct App {
    pub client: Client,
    pub platform: Platform,
    pub clock: Clock,
    pub database: Database,
    pub tenant: TenantId,
    pub owner: Key,
    pub evidence: PublicKeys,
    pub config: Config,
    pub runtime: Runtime,
    keyring: Keyring,
}

/// A keyring that is served, and whoever issues service tokens for it.
struct Keyring {
    internal: SocketAddr,
    runtime: Runtime,
    issuer: Signer,
    folder: TempDir,
    database: Database,
}

impl Keyring {
    async fn start(kafka: &KafkaConfig, clock: &Clock) -> Self {
        let database = testkit::database(Service::Keyring, keyring::MIGRATIONS).await.unheard("keyring's own tests look");
        let (folder, runtime) = (tempfile::tempdir().unwrap(), testkit::runtime(Service::Keyring, clock));
        let issuer = Signer::from_pkcs8(Kind::Participant, &Signer::generate_pkcs8()).unwrap();
        std::fs::write(folder.path().join("issuers"), json!({"keys": [issuer.public_jwk()]}).to_string()).unwrap();
        let seconds = NonZeroU32::new(86_400).unwrap();
        let config = keyring::Config {
            common: testkit::common(&database.url, kafka),
            internal_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            roots_dir: folder.path().to_owned(),
            service_token_keys_file: folder.path().join("issuers"),
            evidence_key: None,
            epoch_seconds: seconds,
            deletion_window_seconds: 0,
            sweep_seconds: seconds,
            budget_burst: 1_000_000,
            budget_per_second: 1_000_000,
        };
        let running = keyring::start(config, runtime.clone()).await.unwrap();
        testkit::until("keyring is ready", || async { runtime.unready().is_empty() }).await;
        let keyring = Self { internal: running.internal.unwrap(), runtime: runtime.clone(), issuer, folder, database };
        std::fs::write(keyring.folder.path().join("contacts.token"), keyring.token(Service::Contacts, clock)).unwrap();
        keyring
    }

    fn token(&self, service: Service, clock: &Clock) -> String {
        let exp = clock.now().as_second() + 1_000_000_000;
        self.issuer.sign(&json!({"iss": "mxtr-services", "sub": service.name(), "aud": "keyring", "exp": exp}))
    }
}

impl App {
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let keyring = Keyring::start(&kafka, &clock).await;
        let database = testkit::database(Service::Contacts, MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY);
        let word = Signer::generate_pkcs8();
        let keys = json!({"keys": [Signer::from_pkcs8(Kind::Participant, &word).unwrap().public_jwk()]});
        let platform = Platform::start(&kafka, &clock, Service::Contacts);
        let tenant = platform.tenant(&["newsletter", "support"]).await;
        let owner = platform.key(tenant, "owner").await;
        let mut common = testkit::common(&database.url, &kafka);
        common.keys_url = format!("http://{}", keyring.internal);
        common.service_token_file = keyring.folder.path().join("contacts.token").display().to_string();
        let config = Config { common, evidence_key: Secret::new(hex::encode(&word)), import_largest_file: 4 * 1024 * 1024 };
        let (runtime, client) = run(&config, &clock).await;
        let evidence = PublicKeys::from_json(&keys.to_string()).unwrap();
        Self { client, platform, clock, database, tenant, owner, evidence, config, runtime, keyring }
    }

    /// Another process on the same database, after this one stopped.
    pub async fn again(self) -> Self {
        self.runtime.shut_down().await;
        let (runtime, client) = run(&self.config, &self.clock).await;
        Self { client, runtime, ..self }
    }

    pub async fn stop(self) {
        self.runtime.shut_down().await;
        self.keyring.runtime.shut_down().await;
    }

    /// Keyring goes away.
    pub async fn lose_keyring(&self) {
        self.keyring.runtime.shut_down().await;
    }

    pub fn owner(&self) -> Client {
        self.client.with(&self.owner)
    }

    /// A tenant that is not the first, and its owner.
    pub async fn other(&self) -> (TenantId, Client) {
        let tenant = self.platform.tenant(&["newsletter"]).await;
        (tenant, self.client.with(&self.platform.key(tenant, "owner").await))
    }

    /// Makes a contact and says its path.
    pub async fn contact(&self, body: &Value) -> String {
        let answer = self.owner().post("/v1/contacts", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.header("location").unwrap().to_owned()
    }

    /// Sends a file.
    pub async fn send_file(&self, by: &Client, declared: &str, file: impl Into<reqwest::Body>) -> Answer {
        let request = by.request(Method::POST, &format!("/v1/imports?{declared}"));
        send(request.header("content-type", "text/csv").body(file)).await
    }

    /// Brings a file in to its end, and says what became of it.
    pub async fn import(&self, declared: &str, file: &str) -> Value {
        let staged = self.send_file(&self.owner(), declared, file.to_owned()).await;
        assert_eq!((staged.status, staged.json()["state"].as_str()), (201, Some("staged")), "{}", staged.text);
        let path = staged.header("location").unwrap().to_owned();
        let committed = self.owner().post(&format!("{path}/commit"), &Value::Null).await;
        assert_eq!(committed.status, 202, "{}", committed.text);
        self.until_done(&path).await
    }

    /// How many holders of this kind have a key.
    pub async fn live_keys(&self, kind: HolderKind) -> i64 {
        let (kind, sql) = (i16::try_from(i32::from(kind)).unwrap(), self.keyring.database.superuser().await);
        sql.query_one("SELECT count(*) FROM keyring.holders WHERE kind = $1", &[&kind]).await.unwrap().get(0)
    }

    /// Destroys the key of an import, as contacts does when its file has come to its end.
    pub async fn destroy_import_key(&self, import: uuid::Uuid) {
        let request = DestroyKeyRequest {
            tenant_id: self.tenant.as_bytes().to_vec(),
            kind: HolderKind::Import.into(),
            holder_id: import.as_bytes().to_vec(),
        };
        let asking = reqwest::Client::new()
            .post(format!("http://{}/internal/v1/keys/destroy", self.keyring.internal))
            .bearer_auth(self.keyring.token(Service::Contacts, &self.clock))
            .header("content-type", "application/protobuf")
            .body(request.encode_to_vec());
        assert_eq!(asking.send().await.unwrap().status(), 200);
    }

    pub async fn until_done(&self, path: &str) -> Value {
        let owner = self.owner();
        testkit::until("the import is done", || async { owner.get(path).await.json()["state"] == "done" }).await;
        owner.get(path).await.json()
    }

    /// The contacts with this e-mail address or telephone number.
    pub async fn found(&self, by: &Value) -> Vec<Value> {
        let request = self.owner().request(Method::POST, "/v1/contacts/search").header("mxtr-purpose", OPERATE).json(by);
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"].as_array().unwrap().clone()
    }

    /// The key of a new case, as rights would have it made.
    pub async fn case(&self) -> (CaseId, SealKey) {
        let case = CaseId::new(&self.clock);
        let request = CreateKeysRequest {
            tenant_id: self.tenant.as_bytes().to_vec(),
            kind: HolderKind::Case.into(),
            holder_ids: vec![case.as_bytes().to_vec()],
            subkeys: vec!["personal".to_owned()],
            purpose: "legal_obligation".to_owned(),
            verb: "write".to_owned(),
        };
        let answer = self.ask_keyring("keys/create", request.encode_to_vec()).await;
        (case, key(&answer))
    }

    /// Puts a question to keyring in the name of rights.
    pub async fn ask_keyring(&self, path: &str, body: Vec<u8>) -> KeysAnswer {
        let asking = reqwest::Client::new()
            .post(format!("http://{}/internal/v1/{path}", self.keyring.internal))
            .bearer_auth(self.keyring.token(Service::Rights, &self.clock))
            .header("content-type", "application/protobuf")
            .body(body);
        let answer = asking.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        KeysAnswer::decode(answer.bytes().await.unwrap()).unwrap()
    }
}

/// The first key of an answer.
pub fn key(answer: &KeysAnswer) -> SealKey {
    SealKey::from_bytes(answer.holders[0].keys[0].as_slice().try_into().unwrap())
}

/// Sends a change of a contact in the version that was read.
pub async fn change(by: &Client, method: Method, path: &str, version: Option<&str>, body: &Value) -> Answer {
    let request = by.request(method, path).json(body);
    send(match version {
        Some(version) => request.header("if-match", version),
        None => request,
    })
    .await
}

async fn run(config: &Config, clock: &Clock) -> (Runtime, Client) {
    let runtime = testkit::runtime(Service::Contacts, clock);
    let Running { http } = contacts::start(config.clone(), runtime.clone()).await.unwrap();
    testkit::until("contacts is ready", || async { runtime.unready().is_empty() }).await;
    (runtime, Client::anonymous(http))
}
