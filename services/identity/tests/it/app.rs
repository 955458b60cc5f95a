//! A running identity with a database and a house of its own.

use identity::{Config, MIGRATIONS, Running};
use kernel::{Clock, PrincipalId, Service, TenantId};
use runtime::{Runtime, Secret};
use seal::evidence::Signer;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use tempfile::TempDir;
use testkit::{Answer, Client, Database, Key, send};

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 4] = [
    "identity.tenants Tenant",       // tenants
    "identity.tenant_created",       // tenants
    "identity.principals Principal", // repair
    "identity.key_created",          // tenants
];

pub struct App {
    pub client: Client,
    pub clock: Clock,
    pub database: Database,
    pub kafka: bus::KafkaConfig,
    /// The house's administrator.
    pub house: Key,
    pub runtime: Runtime,
    pub config: Config,
    pub folder: TempDir,
}

impl App {
    pub async fn start() -> Self {
        let (kafka, clock) = (testkit::kafka().await, testkit::clock());
        let database = testkit::database(Service::Identity, MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY);
        let folder = tempfile::tempdir().unwrap();
        let (house, admin_key) = admin_key(&clock);
        std::fs::write(folder.path().join("admin.json"), admin_key.to_string()).unwrap();
        let mut common = testkit::common(&database.url, &kafka);
        // Identity checks tokens with the keys that it publishes itself, so its address has to be known before it starts.
        common.listen = free_address();
        common.issuer = format!("http://{}", common.listen);
        common.jwks_url = format!("http://{}/.well-known/jwks.json", common.listen);
        let config = Config {
            common,
            token_key: Secret::new(hex::encode(Signer::generate_pkcs8())),
            token_key_next: Some(Secret::new(hex::encode(Signer::generate_pkcs8()))),
            token_key_previous: None,
            evidence_public_keys_file: Some(folder.path().join("evidence.json")),
            bootstrap_admin_key_file: Some(folder.path().join("admin.json")),
            house_name: "house".to_owned(),
            house_privacy_policy_url: None,
            house_time_zone: "UTC".to_owned(),
            house_jurisdiction: "DE".to_owned(),
        };
        let (runtime, client) = run(&config, &clock).await;
        Self { client, clock, database, kafka, house, runtime, config, folder }
    }

    /// Whoever holds this key.
    pub fn holder(&self, key: &Key) -> Client {
        self.client.with(key)
    }

    /// A tenant and its owner's key.
    pub async fn tenant(&self) -> (TenantId, Key) {
        let answer = self.holder(&self.house).post("/v1/tenants", &acme()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let made = answer.json();
        (made["id"].as_str().unwrap().parse().unwrap(), key_in(&made["owner_key"], made["id"].as_str().unwrap()))
    }

    /// A key of this role, made by somebody who may.
    pub async fn key(&self, by: &Key, role: &str) -> Key {
        let answer = self.holder(by).post("/v1/api-keys", &json!({"roles": [role]})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        key_in(&answer.json(), &by.tenant.to_string())
    }

    /// What the token endpoint answers to a key.
    pub async fn token(&self, key: &Key, form: &str) -> Answer {
        let request = self.holder(key).request(reqwest::Method::POST, "/oauth/token");
        send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
    }

    /// Waits until a credential is answered with this status everywhere, `/v1/me` standing for everywhere.
    pub async fn until_me_is(&self, client: &Client, status: u16) {
        testkit::until("the change has come through", || async { client.get("/v1/me").await.status == status }).await;
    }
}

/// Identity with these settings, ready.
pub async fn run(config: &Config, clock: &Clock) -> (Runtime, Client) {
    let runtime = testkit::runtime(Service::Identity, clock);
    let Running { http } = identity::start(config.clone(), runtime.clone()).await.unwrap();
    testkit::until("identity is ready", || async { runtime.unready().is_empty() }).await;
    (runtime, Client::anonymous(http))
}

/// The administrator's key, and what identity is told of it.
fn admin_key(clock: &Clock) -> (Key, Value) {
    let id = PrincipalId::new(clock);
    let minted = web::apikey::mint(id);
    let told = json!({"key_id": id, "secret_sha256": hex::encode(minted.secret_sha256)});
    (Key { id, tenant: TenantId::HOUSE, text: minted.text.expose().to_owned() }, told)
}

/// A key as an answer shows it.
pub fn key_in(view: &Value, tenant: &str) -> Key {
    let text = view["key"].as_str().unwrap_or_default().to_owned();
    Key { id: view["id"].as_str().unwrap().parse().unwrap(), tenant: tenant.parse().unwrap(), text }
}

pub fn acme() -> Value {
    json!({
        "name": "Acme GmbH",
        "privacy_policy_url": "https://acme.example/privacy",
        "privacy_policy_version": "2026-01",
        "time_zone": "Europe/Berlin",
        "jurisdiction": "DE",
        "chosen_services": ["support", "newsletter"],
    })
}

/// A body sent once more with the same `Idempotency-Key`.
pub async fn post_once(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    send(client.request(reqwest::Method::POST, path).header("idempotency-key", key).json(body)).await
}

pub async fn change(client: &Client, path: &str, version: Option<&str>, body: &Value) -> Answer {
    let request = client.request(reqwest::Method::PATCH, path).json(body);
    send(match version {
        Some(version) => request.header("if-match", version),
        None => request,
    })
    .await
}

pub async fn delete(client: &Client, path: &str) -> Answer {
    send(client.request(reqwest::Method::DELETE, path)).await
}

fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}
