//! Keyring, as a service asks it: in batches, for a purpose, with its own token.

use crate::cache::{Cache, Use};
use crate::service_token::ServiceToken;
use bus::View;
use events::keyring::{
    CreateKeysRequest, DestroyKeyAnswer, DestroyKeyRequest, HolderKind, HolderState, IndexKeysAnswer, IndexKeysRequest, KeysAnswer,
    ReleaseKeysRequest, Shredded,
};
use kernel::TenantId;
use privacy::{Purpose, Verb};
use prost::Message;
use runtime::{Runtime, Stage};
use seal::Key;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use web::ServiceConfig;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const SWEEP: Duration = Duration::from_secs(15);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("keyring cannot be reached")]
    Unavailable,
    #[error("keyring refuses this service these keys for this purpose")]
    Refused,
    #[error("the service has used up its budget of openings")]
    Budget,
    #[error("keyring's answer cannot be read")]
    Unreadable,
}

/// What keys are asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub tenant: TenantId,
    pub kind: HolderKind,
    /// Categories by name, `package`, `audit`.
    pub subkeys: Vec<String>,
    pub purpose: Purpose,
    pub verb: Verb,
}

/// What keyring holds of a holder.
#[derive(Clone, Debug)]
pub enum Held {
    /// The keys, in the order of the subkeys that were asked for.
    Live(Vec<Key>),
    /// The key was destroyed, and the holder never gets another.
    Shredded,
    /// There is no key.
    Unknown,
}

/// A client of keyring. Clones share connections and the cache.
#[derive(Clone)]
pub struct Keyring {
    http: reqwest::Client,
    url: String,
    token: Arc<ServiceToken>,
    cache: Arc<Cache>,
    shredded: Arc<View<Shredded>>,
}

impl Held {
    /// The keys, where they are live.
    pub fn keys(self) -> Option<Vec<Key>> {
        match self {
            Self::Live(keys) => Some(keys),
            Self::Shredded | Self::Unknown => None,
        }
    }
}

impl Keyring {
    /// Keeps released keys for a minute, and drops them as soon as `shredded` says so.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn start(runtime: &Runtime, config: &ServiceConfig, shredded: Arc<View<Shredded>>) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
        let cache = Arc::new(Cache::default());
        let (evicting, mut gone) = (cache.clone(), shredded.changes());
        runtime.spawn(Stage::Work, "key-cache", |stop| async move {
            let mut sweep = tokio::time::interval(SWEEP);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    _ = sweep.tick() => evicting.sweep(),
                    change = gone.recv() => match change {
                        Ok(change) => evicting.drop_holder(Uuid::from_bytes(change.key)),
                        // Changes were missed: whoever they were about, nothing is kept.
                        Err(_) => evicting.clear(),
                    },
                }
            }
        });
        let token = Arc::new(ServiceToken::new(&config.service_token_file));
        Ok(Self { http, url: config.keys_url.trim_end_matches('/').to_owned(), token, cache, shredded })
    }

    /// Makes keys for holders that have none, and releases theirs. Repeating it changes nothing; who was shredded stays so.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn create(&self, ask: &Ask, holders: &[Uuid]) -> Result<Vec<Held>, KeyringError> {
        let request = CreateKeysRequest {
            tenant_id: ask.tenant.as_bytes().to_vec(),
            kind: ask.kind.into(),
            holder_ids: bytes(holders),
            subkeys: ask.subkeys.clone(),
            purpose: ask.purpose.name().to_owned(),
            verb: ask.verb.name().to_owned(),
        };
        let answer: KeysAnswer = self.post("keys/create", &request).await?;
        in_order(holders, answer)
    }

    /// Releases the keys of holders, in their order: from the cache where they were released for the same use within the minute, else in one request.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn release(&self, ask: &Ask, holders: &[Uuid]) -> Result<Vec<Held>, KeyringError> {
        let used = Use { tenant: ask.tenant, subkeys: ask.subkeys.clone(), purpose: ask.purpose.name(), verb: ask.verb.name() };
        let mut known: Vec<Option<Held>> = holders.iter().map(|holder| self.cache.get(*holder, &used).map(Held::Live)).collect();
        let missing: Vec<Uuid> = holders.iter().zip(&known).filter(|(_, held)| held.is_none()).map(|(holder, _)| *holder).collect();
        if !missing.is_empty() {
            let mut released = self.ask_release(ask, &missing).await?.into_iter();
            for (holder, place) in holders.iter().zip(&mut known).filter(|(_, place)| place.is_none()) {
                let held = released.next().ok_or(KeyringError::Unreadable)?;
                if let Held::Live(keys) = &held {
                    self.cache.keep(*holder, used.clone(), keys.clone(), || self.shredded.get(holder.as_bytes()).is_some());
                }
                *place = Some(held);
            }
        }
        Ok(known.into_iter().flatten().collect())
    }

    async fn ask_release(&self, ask: &Ask, holders: &[Uuid]) -> Result<Vec<Held>, KeyringError> {
        let request = ReleaseKeysRequest {
            tenant_id: ask.tenant.as_bytes().to_vec(),
            kind: ask.kind.into(),
            holder_ids: bytes(holders),
            subkeys: ask.subkeys.clone(),
            purpose: ask.purpose.name().to_owned(),
            verb: ask.verb.name().to_owned(),
        };
        let answer: KeysAnswer = self.post("keys/release", &request).await?;
        in_order(holders, answer)
    }

    /// A tenant's blind index keys, in the order of the fields.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn index_keys(&self, tenant: TenantId, fields: &[&str]) -> Result<Vec<Key>, KeyringError> {
        let request =
            IndexKeysRequest { tenant_id: tenant.as_bytes().to_vec(), fields: fields.iter().map(|field| (*field).to_owned()).collect() };
        let answer: IndexKeysAnswer = self.post("index-keys", &request).await?;
        if answer.keys.len() != fields.len() {
            return Err(KeyringError::Unreadable);
        }
        answer.keys.iter().map(|key| one_key(key)).collect()
    }

    /// Destroys the key of an import or a case; says from when on (microseconds) no copy of the key store opens it.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn destroy(&self, tenant: TenantId, kind: HolderKind, holder: Uuid) -> Result<i64, KeyringError> {
        let request = DestroyKeyRequest { tenant_id: tenant.as_bytes().to_vec(), kind: kind.into(), holder_id: holder.as_bytes().to_vec() };
        let answer: DestroyKeyAnswer = self.post("keys/destroy", &request).await?;
        self.cache.drop_holder(holder);
        Ok(answer.unrecoverable_by_us)
    }

    async fn post<Q: Message, A: Message + Default>(&self, path: &str, request: &Q) -> Result<A, KeyringError> {
        let token = self.token.current().map_err(|cause| {
            tracing::error!(%cause, "the service token cannot be read");
            KeyringError::Unavailable
        })?;
        let mut sending = self
            .http
            .post(format!("{}/internal/v1/{path}", self.url))
            .bearer_auth(token)
            .header("content-type", "application/protobuf")
            .body(request.encode_to_vec());
        if let Some(traceparent) = runtime::telemetry::traceparent() {
            sending = sending.header("traceparent", traceparent);
        }
        let answer = sending.send().await.map_err(|_| KeyringError::Unavailable)?;
        match answer.status().as_u16() {
            200 => {}
            401 | 403 => return Err(KeyringError::Refused),
            429 => return Err(KeyringError::Budget),
            400..=499 => return Err(KeyringError::Unreadable),
            _ => return Err(KeyringError::Unavailable),
        }
        let body = answer.bytes().await.map_err(|_| KeyringError::Unavailable)?;
        A::decode(body).map_err(|_| KeyringError::Unreadable)
    }
}

fn bytes(holders: &[Uuid]) -> Vec<Vec<u8>> {
    holders.iter().map(|holder| holder.as_bytes().to_vec()).collect()
}

fn one_key(bytes: &[u8]) -> Result<Key, KeyringError> {
    <[u8; 32]>::try_from(bytes).map(Key::from_bytes).map_err(|_| KeyringError::Unreadable)
}

/// Every holder's keys in the order in which they were asked for.
fn in_order(holders: &[Uuid], answer: KeysAnswer) -> Result<Vec<Held>, KeyringError> {
    let mut by_holder: HashMap<Uuid, Held> = HashMap::with_capacity(holders.len());
    for held in answer.holders {
        let holder = Uuid::from_slice(&held.holder_id).map_err(|_| KeyringError::Unreadable)?;
        let keys = match held.state() {
            HolderState::Live => Held::Live(held.keys.iter().map(|key| one_key(key)).collect::<Result<_, _>>()?),
            HolderState::Shredded => Held::Shredded,
            HolderState::Unknown | HolderState::Unspecified => Held::Unknown,
        };
        by_holder.insert(holder, keys);
    }
    holders.iter().map(|holder| by_holder.get(holder).cloned().ok_or(KeyringError::Unreadable)).collect()
}
