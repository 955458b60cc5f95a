//! Settings of consent, beside those that every service has.

use anyhow::Context as _;
use runtime::Secret;
use seal::evidence::{Kind, Signer};
use serde::Deserialize;

/// `MXTR_CONSENT_<FIELD>`, or `MXTR_<FIELD>` where all services share one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The private key that signs receipts (Ed25519, PKCS#8, hex).
    pub receipt_key: Secret,
    /// The private key that signs this service's own word in rights cases (Ed25519, PKCS#8, hex).
    pub evidence_key: Secret,
}

impl Config {
    /// The signer of receipts.
    ///
    /// # Errors
    /// The key is none.
    pub fn receipts(&self) -> anyhow::Result<Signer> {
        signer(Kind::Receipt, &self.receipt_key).context("receipt_key is of no use")
    }

    /// The signer of answers to rights tasks.
    ///
    /// # Errors
    /// The key is none.
    pub fn participant(&self) -> anyhow::Result<Signer> {
        signer(Kind::Participant, &self.evidence_key).context("evidence_key is of no use")
    }
}

fn signer(kind: Kind, key: &Secret) -> anyhow::Result<Signer> {
    Ok(Signer::from_pkcs8(kind, &hex::decode(key.expose())?)?)
}
