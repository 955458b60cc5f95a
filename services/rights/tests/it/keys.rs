//! A keyring that is served, and whoever issues service tokens for it.

use bus::KafkaConfig;
use kernel::{Clock, Service};
use runtime::Runtime;
use seal::evidence::{Kind, Signer};
use serde_json::json;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use tempfile::TempDir;

pub struct Keyring {
    pub url: String,
    pub runtime: Runtime,
    /// Holds the token of rights, and the roots.
    pub folder: TempDir,
    database: testkit::Database,
}

impl Keyring {
    pub async fn start(kafka: &KafkaConfig, clock: &Clock) -> Self {
        let database = testkit::database(Service::Keyring, keyring::MIGRATIONS).await.unheard("keyring's own tests look");
        let (folder, runtime) = (tempfile::tempdir().unwrap(), testkit::runtime(Service::Keyring, clock));
        let issuer = Signer::from_pkcs8(Kind::Participant, &Signer::generate_pkcs8()).unwrap();
        std::fs::write(folder.path().join("issuers"), json!({"keys": [issuer.public_jwk()]}).to_string()).unwrap();
        let exp = clock.now().as_second() + 1_000_000_000;
        let token = issuer.sign(&json!({"iss": "mxtr-services", "sub": "rights", "aud": "keyring", "exp": exp}));
        std::fs::write(folder.path().join("rights.token"), token).unwrap();
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
        Self { url: format!("http://{}", running.internal.unwrap()), runtime, folder, database }
    }

    /// How many cases have a key.
    pub async fn cases(&self) -> i64 {
        let keyed = "SELECT count(*) FROM keyring.holders WHERE kind = 3 AND wrapped IS NOT NULL";
        self.database.superuser().await.query_one(keyed, &[]).await.unwrap().get(0)
    }
}
