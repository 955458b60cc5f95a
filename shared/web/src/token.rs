//! Access tokens (RFC 9068) as every service verifies them: locally, with identity's public keys.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kernel::{Clock, PrincipalId, TenantId};
use privacy::AccessLimit;
use runtime::{Runtime, Stage};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The longest life of a token, in seconds.
pub const LONGEST_LIFE: i64 = 300;
/// How old by the clock the keys become before they are asked for again; what identity has withdrawn is believed no longer, as long as identity can be asked.
const RENEW_AFTER: Duration = Duration::from_mins(5);
/// An unknown key id makes us ask for the keys. Whoever comes within this time of a question waits for the next one: ids that nobody has can be
/// sent at will, and must neither keep a new key from being found nor make more questions than this.
const APART: Duration = Duration::from_millis(250);
const ASK_AFTER_FAILURE: Duration = Duration::from_millis(500);
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// So far ahead another machine's clock may be, in seconds.
const SKEW: i64 = 60;

/// What a token says (RFC 9068, 2.2), and the limit it carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Identity, by the platform's public base address.
    pub iss: String,
    /// The same address: there is one public audience.
    pub aud: String,
    /// The API key it was made with.
    pub sub: PrincipalId,
    pub client_id: PrincipalId,
    pub tenant: TenantId,
    pub roles: Vec<String>,
    /// At most what the key allows; narrowed once more when it is checked.
    pub limit: AccessLimit,
    /// Seconds since 1970, by identity's clock.
    pub iat: i64,
    pub exp: i64,
    /// Random; names the token in the audit log.
    pub jti: String,
}

/// Verifies tokens; keeps identity's public keys.
pub struct Verifier {
    issuer: String,
    jwks_url: String,
    clock: Clock,
    http: reqwest::Client,
    keys: RwLock<HashMap<String, Arc<DecodingKey>>>,
    /// When the last one came who met a key that is not known.
    wanted: watch::Sender<Option<Instant>>,
    /// When the last question that has had its answer, or none, was put.
    settled: watch::Sender<Option<Instant>>,
}

impl Verifier {
    /// Asks for the public keys in the background.
    pub fn start(runtime: &Runtime, issuer: &str, jwks_url: &str) -> Arc<Self> {
        let verifier = Arc::new(Self::new(runtime.clock(), issuer, jwks_url));
        let asking = verifier.clone();
        runtime.spawn(Stage::Work, "jwks", |stop| async move {
            stop.run_until_cancelled(asking.keep_asking()).await;
            Ok(())
        });
        verifier
    }

    pub(crate) fn new(clock: &Clock, issuer: &str, jwks_url: &str) -> Self {
        // Identity is a neighbour: no proxy of the environment, no redirect elsewhere.
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().redirect(reqwest::redirect::Policy::none());
        Self {
            issuer: issuer.to_owned(),
            jwks_url: jwks_url.to_owned(),
            clock: clock.clone(),
            http: http.build().expect("a client without TLS settings can be built"),
            keys: RwLock::default(),
            wanted: watch::Sender::new(None),
            settled: watch::Sender::new(None),
        }
    }

    /// Asks at once, when somebody wants a key that is not known, and when what is known grows old.
    pub(crate) async fn keep_asking(&self) {
        loop {
            let put = Instant::now();
            let had = self.ask().await;
            self.settled.send_replace(Some(put));
            tokio::select! {
                () = self.wanted_since(put) => {}
                () = self.old(had) => {}
            }
            tokio::time::sleep_until(put + APART).await;
        }
    }

    /// Returns once somebody has come since then who was not content.
    async fn wanted_since(&self, put: Instant) {
        let came = self.wanted.subscribe().wait_for(|came| came.is_some_and(|came| came > put)).await.is_ok();
        debug_assert!(came, "we hold the sender");
    }

    /// Returns when it is time to ask again though nobody wants it.
    async fn old(&self, had: bool) {
        if had {
            self.clock.sleep_until(self.clock.now() + RENEW_AFTER).await;
        } else {
            tokio::time::sleep(ASK_AFTER_FAILURE).await;
        }
    }

    /// The claims of a token that holds now; nothing for any other text.
    pub async fn verify(&self, token: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        let typed = header
            .typ
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("application/at+jwt"));
        if !typed || header.alg != Algorithm::EdDSA {
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
        self.holds_now(&claims).then_some(claims)
    }

    fn holds_now(&self, claims: &Claims) -> bool {
        let now = self.clock.now().as_second();
        let short = (1..=LONGEST_LIFE).contains(&claims.exp.saturating_sub(claims.iat));
        // A test's clock reaches this process a moment later than the one that signs.
        let begun = self.clock.is_test() || claims.iat <= now.saturating_add(SKEW);
        now < claims.exp && short && begun
    }

    /// A key that is not known may have been published since the last question: the next one is waited for, which all who wait share.
    async fn key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        if let Some(key) = self.known_key(kid) {
            return Some(key);
        }
        let (came, mut settled) = (Instant::now(), self.settled.subscribe());
        self.wanted.send_if_modified(|last| {
            let later = last.is_none_or(|last| last < came);
            if later {
                *last = Some(came);
            }
            later
        });
        let answered = settled.wait_for(|put| put.is_some_and(|put| put >= came));
        tokio::time::timeout(ANSWER_WITHIN + APART, answered).await.ok()?.ok()?;
        self.known_key(kid)
    }

    fn known_key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    /// Whether the keys were had. An answer without a key is none: what was known stays.
    async fn ask(&self) -> bool {
        let answer = async { self.http.get(&self.jwks_url).send().await?.error_for_status()?.json::<JwkSet>().await };
        match answer.await {
            Ok(set) => {
                let keys: HashMap<_, _> = set.keys.iter().filter_map(verifying_key).collect();
                let some = !keys.is_empty();
                if some {
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
                }
                some
            }
            Err(cause) => {
                tracing::debug!(cause = %cause.without_url(), "identity's public keys could not be had");
                false
            }
        }
    }
}

/// Ed25519 keys with an id and nothing else, so that no other algorithm can be talked into.
fn verifying_key(jwk: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else { return None };
    if parameters.curve != EllipticCurve::Ed25519 {
        return None;
    }
    Some((jwk.common.key_id.clone()?, Arc::new(DecodingKey::from_jwk(jwk).ok()?)))
}
