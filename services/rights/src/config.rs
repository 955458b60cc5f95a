//! Settings of rights, beside those that every service has.

use anyhow::Context as _;
use runtime::Secret;
use seal::evidence::{Kind, Signer};
use serde::Deserialize;

/// `MXTR_RIGHTS_<FIELD>`, or `MXTR_<FIELD>` where all services share one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The private key that signs certificates of erasure (Ed25519, PKCS#8, hex).
    pub certificate_key: Secret,
    /// The private key that signs this service's own word as a participant (Ed25519, PKCS#8, hex).
    pub evidence_key: Secret,
}

impl Config {
    /// The signer of certificates.
    ///
    /// # Errors
    /// The key is none.
    pub fn certificates(&self) -> anyhow::Result<Signer> {
        signer(Kind::Certificate, &self.certificate_key, "certificate_key")
    }

    /// The signer of answers to rights tasks.
    ///
    /// # Errors
    /// The key is none.
    pub fn participant(&self) -> anyhow::Result<Signer> {
        signer(Kind::Participant, &self.evidence_key, "evidence_key")
    }
}

fn signer(kind: Kind, key: &Secret, name: &'static str) -> anyhow::Result<Signer> {
    let key = hex::decode(key.expose()).with_context(|| format!("{name} is not in hex"))?;
    Signer::from_pkcs8(kind, &key).with_context(|| format!("{name} is of no use"))
}
