//! Access tokens (RFC 9068) as every service verifies them: locally, with identity's public keys.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kernel::{Clock, PrincipalId, TenantId};
use privacy::AccessLimit;
use runtime::{Runtime, Stage};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The longest life of a token, in seconds.
pub const LONGEST_LIFE: i64 = 300;
/// An unknown key id makes us ask for the keys, at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(30);
const ASK_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a token says (RFC 9068, 2.2), and the limit it carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The API key it was made with.
    pub sub: PrincipalId,
    pub client_id: PrincipalId,
    pub tenant: TenantId,
    pub roles: Vec<String>,
    pub limit: AccessLimit,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
}

/// Verifies tokens; keeps identity's public keys.
pub struct Verifier {
    issuer: String,
    jwks_url: String,
    clock: Clock,
    http: reqwest::Client,
    keys: RwLock<HashMap<String, Arc<DecodingKey>>>,
    asked: Mutex<Option<Instant>>,
}

impl Verifier {
    /// Asks for the public keys in the background until they are there.
    pub fn start(runtime: &Runtime, issuer: &str, jwks_url: &str) -> Arc<Self> {
        let verifier = Arc::new(Self {
            issuer: issuer.to_owned(),
            jwks_url: jwks_url.to_owned(),
            clock: runtime.clock().clone(),
            http: reqwest::Client::builder().timeout(Duration::from_secs(3)).build().unwrap_or_default(),
            keys: RwLock::default(),
            asked: Mutex::new(None),
        });
        let asking = verifier.clone();
        runtime.spawn(Stage::Work, "jwks", |stop| async move {
            while stop.run_until_cancelled(asking.ask()).await == Some(false) {
                stop.run_until_cancelled(tokio::time::sleep(ASK_AFTER_FAILURE)).await;
            }
            stop.cancelled().await;
            Ok(())
        });
        verifier
    }

    /// The claims of a token that holds now; nothing for any other text.
    pub async fn verify(&self, token: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some("at+jwt") || header.alg != Algorithm::EdDSA {
            return None;
        }
        let key = self.key(&header.kid?).await?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[&self.issuer]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Times are compared with the clock that was handed in, below.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
        let now = self.clock.now().as_second();
        let lives = now < claims.exp && claims.iat <= now + 5 && claims.exp - claims.iat <= LONGEST_LIFE;
        lives.then_some(claims)
    }

    async fn key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        if let Some(key) = self.known_key(kid) {
            return Some(key);
        }
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN) {
            *asked = Some(Instant::now());
            self.ask().await;
        }
        drop(asked);
        self.known_key(kid)
    }

    fn known_key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    async fn ask(&self) -> bool {
        let answer = async { self.http.get(&self.jwks_url).send().await?.error_for_status()?.json::<JwkSet>().await };
        match answer.await {
            Ok(set) => {
                let keys = set.keys.iter().filter_map(decoding_key).collect();
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
                true
            }
            Err(cause) => {
                tracing::debug!(cause = %cause.without_url(), "identity's public keys could not be had");
                false
            }
        }
    }
}

fn decoding_key(jwk: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    Some((jwk.common.key_id.clone()?, Arc::new(DecodingKey::from_jwk(jwk).ok()?)))
}
