//! Settings of contacts, beside those that every service has.

use anyhow::Context as _;
use runtime::Secret;
use seal::evidence::{Kind, Signer};
use serde::Deserialize;

/// `MXTR_CONTACTS_<FIELD>`, or `MXTR_<FIELD>` where all services share one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The private key that signs this service's own word in rights cases (Ed25519, PKCS#8, hex).
    pub evidence_key: Secret,
    /// The largest file that an import takes, in bytes.
    #[serde(default = "half_a_gibibyte")]
    pub import_largest_file: u64,
}

const fn half_a_gibibyte() -> u64 {
    512 * 1024 * 1024
}

impl Config {
    /// The signer of answers to rights tasks.
    ///
    /// # Errors
    /// The key is none.
    pub fn participant(&self) -> anyhow::Result<Signer> {
        let key = hex::decode(self.evidence_key.expose()).context("evidence_key is not in hex")?;
        Signer::from_pkcs8(Kind::Participant, &key).context("evidence_key is of no use")
    }
}
