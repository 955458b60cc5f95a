//! Settings of identity, beside those that every service has.

use crate::tokens::Tokens;
use anyhow::Context as _;
use runtime::{Runtime, Secret};
use serde::Deserialize;
use std::path::PathBuf;

/// `MXTR_IDENTITY_<FIELD>`, or `MXTR_<FIELD>` where all services share one; with `_FILE` behind it, from a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What every service needs.
    pub common: web::ServiceConfig,
    /// The private key that signs tokens: Ed25519 in PKCS#8, in hex.
    pub token_key: Secret,
    /// The key that will sign next; published before it does.
    #[serde(default)]
    pub token_key_next: Option<Secret>,
    /// The key that signed before; published until its last token has ended.
    #[serde(default)]
    pub token_key_previous: Option<Secret>,
    /// A JWKS with the public keys that evidence was ever signed with, each with its `kind`. Read again at each request; without it there are none.
    #[serde(default)]
    pub evidence_public_keys_file: Option<PathBuf>,
    /// JSON `{"key_id": "<uuid>", "secret_sha256": "<64 hex digits>"}` of the house's first administrator key. Without it the house must exist.
    #[serde(default)]
    pub bootstrap_admin_key_file: Option<PathBuf>,
    /// The house's name; this and what follows is what the house says of itself when it is made.
    #[serde(default = "house_name")]
    pub house_name: String,
    /// Where the house's own privacy policy stands; `<issuer>/v1/policy` unless said.
    #[serde(default)]
    pub house_privacy_policy_url: Option<String>,
    #[serde(default = "house_time_zone")]
    pub house_time_zone: String,
    #[serde(default = "house_jurisdiction")]
    pub house_jurisdiction: String,
}

fn house_name() -> String {
    "house".to_owned()
}

fn house_time_zone() -> String {
    "UTC".to_owned()
}

fn house_jurisdiction() -> String {
    "DE".to_owned()
}

impl Config {
    /// The signer of tokens.
    ///
    /// # Errors
    /// A key is not Ed25519 in PKCS#8 in hex.
    pub fn tokens(&self, runtime: &Runtime) -> anyhow::Result<Tokens> {
        let others = [("token_key_next", &self.token_key_next), ("token_key_previous", &self.token_key_previous)];
        let others = others.into_iter().filter_map(|(name, key)| Some((name, key.as_ref()?)));
        let others = others.map(|(name, key)| pkcs8(name, key)).collect::<anyhow::Result<Vec<_>>>()?;
        Tokens::new(&self.common.issuer, runtime.clock().clone(), &pkcs8("token_key", &self.token_key)?, &others)
            .context("a token key is of no use")
    }
}

fn pkcs8(name: &str, key: &Secret) -> anyhow::Result<Vec<u8>> {
    hex::decode(key.expose().trim()).with_context(|| format!("{name} is not in hex"))
}
