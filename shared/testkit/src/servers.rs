//! One PostgreSQL and one broker a run of the tests.

use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The variable by which `with-servers` tells test binaries where its servers are.
pub const VARIABLE: &str = "MXTR_TEST_SERVERS";

/// Where the servers of this run are.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Servers {
    /// `postgres://postgres:…@127.0.0.1:…`, without a database behind it.
    pub postgres: String,
    /// `host:port`.
    pub kafka: String,
}

/// Servers that run as long as this value lives.
pub struct Running {
    pub servers: Servers,
    kafka: Kafka,
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Running {
    /// Starts both, on free ports, in a folder that goes with them. Nothing is flushed to disk: a test's data need not outlive a power cut.
    pub fn start() -> anyhow::Result<Self> {
        let prepared = Prepared::ensure(&mut |says| eprintln!("{says}"))?;
        let folder = tempfile::tempdir()?;
        let options = PostgresOptions { port: None, durable: false, superuser_password: "test".to_owned() };
        let postgres = Postgres::start(&prepared, folder.path(), &options)?;
        let kafka = Kafka::start(&prepared, folder.path(), None)?;
        let address = postgres.superuser_url();
        let servers = Servers { postgres: address.trim_end_matches("/postgres").to_owned(), kafka: kafka.bootstrap() };
        Ok(Self { servers, kafka, postgres, folder })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kafka.kill();
        self.postgres.kill();
        let data = self.postgres.data_dir();
        if !data.starts_with(self.folder.path())
            && let Some(parent) = data.parent()
        {
            // What an unprivileged user held for root.
            let _gone = std::fs::remove_dir_all(parent);
        }
    }
}

/// The servers of this run: those of `with-servers`, else a pair of this test binary's own, which ends with it.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    // Dropped by nobody: the guard of each server sees us end. Held so that its standard input stays open.
    static OWN: Mutex<Option<Running>> = Mutex::new(None);
    SERVERS.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "how a test run is told of its servers")]
        if let Ok(given) = std::env::var(VARIABLE) {
            return serde_json::from_str(&given).expect("with-servers wrote it");
        }
        let running = Running::start().expect("the servers start");
        let servers = running.servers.clone();
        *OWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        servers
    })
}
