//! Settings of audit, beside those that every service has.

use anyhow::Context as _;
use runtime::Secret;
use seal::evidence::{Kind, Signer};
use serde::Deserialize;

/// `MXTR_AUDIT_<FIELD>`, or `MXTR_<FIELD>` where all services share one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The private key that signs checkpoints (Ed25519, PKCS#8, hex).
    pub evidence_key: Secret,
    /// The log's name in its checkpoints; never changes.
    #[serde(default = "origin")]
    pub log_origin: String,
}

fn origin() -> String {
    "mxtr/audit".to_owned()
}

impl Config {
    /// The signer of checkpoints.
    ///
    /// # Errors
    /// The key is none.
    pub fn signer(&self) -> anyhow::Result<Signer> {
        let key = hex::decode(self.evidence_key.expose()).context("evidence_key is not in hex")?;
        Signer::from_pkcs8(Kind::Checkpoint, &key).context("evidence_key is of no use")
    }
}
