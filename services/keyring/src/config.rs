//! Settings of keyring, beside those that every service has.

use crate::domain::budget::Allowance;
use crate::ops::Terms;
use anyhow::Context;
use runtime::Secret;
use seal::evidence::{self, Signer};
use serde::Deserialize;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Settings: `MXTR_KEYRING_<FIELD>`, or `MXTR_<FIELD>` where all services share one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The address for services alone; never behind an ingress.
    pub internal_listen: SocketAddr,
    /// Where the root keys live: on a volume of their own, never in the same backup set as the database.
    pub roots_dir: PathBuf,
    /// JWKS of those who issue service tokens. Read again when it changes.
    pub service_token_keys_file: PathBuf,
    /// Ed25519 in PKCS#8, in hex: signs keyring's own receipts in rights cases. Without it they stay empty.
    #[serde(default)]
    pub evidence_key: Option<Secret>,
    /// How long an epoch lasts; after it no copy of the key store from before opens anything.
    #[serde(default = "a_day")]
    pub epoch_seconds: NonZeroU32,
    /// How long the key-management service keeps a root after it was told to destroy it. Files: none.
    #[serde(default)]
    pub deletion_window_seconds: u32,
    /// How often unfinished shreddings are looked for; they exist only after a process died.
    #[serde(default = "ten_minutes")]
    pub sweep_seconds: NonZeroU32,
    /// Openings that a service may ask for a tenant at once.
    #[serde(default = "burst")]
    pub budget_burst: u32,
    /// Openings that it is given back each second.
    #[serde(default = "per_second")]
    pub budget_per_second: u32,
}

impl Config {
    /// The rules of time.
    pub fn terms(&self) -> Terms {
        Terms { epoch_seconds: self.epoch_seconds, deletion_window_seconds: self.deletion_window_seconds }
    }

    /// The signer of keyring's receipts.
    ///
    /// # Errors
    /// The key is not what it should be.
    pub fn receipts(&self) -> anyhow::Result<Option<Signer>> {
        let Some(key) = &self.evidence_key else { return Ok(None) };
        let pkcs8 = hex::decode(key.expose().trim()).context("evidence_key is not hex")?;
        Ok(Some(Signer::from_pkcs8(evidence::Kind::Participant, &pkcs8).context("evidence_key is of no use")?))
    }

    /// The budget of each service and tenant.
    pub fn allowance(&self) -> Allowance {
        Allowance { burst: self.budget_burst, per_second: self.budget_per_second }
    }
}

const fn a_day() -> NonZeroU32 {
    NonZeroU32::new(86_400).expect("a day is not zero")
}

const fn ten_minutes() -> NonZeroU32 {
    NonZeroU32::new(600).expect("ten minutes are not zero")
}

const fn burst() -> u32 {
    500_000
}

const fn per_second() -> u32 {
    10_000
}
