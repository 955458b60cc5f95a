//! The settings that every service has.

use aws_lc_rs::hmac;
use bus::KafkaConfig;
use db::DatabaseConfig;
use runtime::Secret;
use serde::Deserialize;
use std::net::SocketAddr;

/// Nested in each service's settings as `common`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// Where the public API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the health port listens; never public.
    pub health_listen: SocketAddr,
    /// Threads that serve HTTP.
    #[serde(default = "two")]
    pub http_workers: usize,
    /// `postgres://role:password@host:port/database` of the serving role.
    pub database_url: Secret,
    #[serde(default = "eight")]
    pub database_max_connections: u32,
    pub kafka_brokers: String,
    #[serde(default)]
    pub kafka_topic_prefix: String,
    #[serde(default)]
    pub kafka_group_prefix: String,
    /// Who issues tokens: the public base address.
    pub issuer: String,
    /// Where identity's public keys are.
    pub jwks_url: String,
    /// Keyring's internal address.
    pub keys_url: String,
    /// The token by which this service is known to others; read again when it changes.
    pub service_token_file: String,
    /// At least 32 bytes in hex, the same for all processes of the service: what cursors and kept bodies of requests are authenticated with.
    pub cursor_key: Secret,
    /// How many proxies stand before us and can be believed.
    #[serde(default)]
    pub trusted_hops: usize,
    /// How old what is known of people's states may be.
    #[serde(default = "ten")]
    pub lease_people_seconds: u64,
    /// How old what is known of keys and tenants may be.
    #[serde(default = "sixty")]
    pub lease_principals_seconds: u64,
    /// `system`, or `test` where the development switch is on.
    #[serde(default)]
    pub clock: ClockKind,
    /// Where traces go; empty means nowhere.
    #[serde(default)]
    pub otlp_endpoint: Option<String>,
    /// Logs as JSON, a line each.
    #[serde(default)]
    pub log_json: bool,
}

/// Which clock a process lives by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    #[default]
    System,
    Test,
}

fn two() -> usize {
    2
}

fn eight() -> u32 {
    8
}

fn ten() -> u64 {
    10
}

fn sixty() -> u64 {
    60
}

impl ServiceConfig {
    pub fn database(&self) -> DatabaseConfig {
        DatabaseConfig::new(self.database_url.clone(), self.database_max_connections)
    }

    pub fn kafka(&self) -> KafkaConfig {
        KafkaConfig {
            brokers: self.kafka_brokers.clone(),
            topic_prefix: self.kafka_topic_prefix.clone(),
            group_prefix: self.kafka_group_prefix.clone(),
        }
    }

    /// The maker of this service's cursors.
    ///
    /// # Errors
    /// The key is not at least 32 bytes in hex.
    pub fn cursors(&self) -> anyhow::Result<crate::cursor::Cursors> {
        let key = hex::decode(self.cursor_key.expose()).ok().filter(|key| key.len() >= 32);
        anyhow::ensure!(key.is_some(), "cursor_key is not 32 bytes in hex");
        Ok(crate::cursor::Cursors::new(&self.secret("cursors")))
    }

    /// A secret of the service for one use; each use has its own.
    pub(crate) fn secret(&self, of_use: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.cursor_key.expose().as_bytes());
        let secret = hmac::sign(&key, format!("mxtr/web/{of_use}/1").as_bytes());
        secret.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }
}
