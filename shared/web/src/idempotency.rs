//! `Idempotency-Key`: a repeated request has its effect once. What is kept is a keyed hash of the body, the status and the resource's id;
//! a repeated answer is made anew under the caller's rights of that moment, and a secret is never shown twice.

use crate::gate::Gate;
use crate::openapi::header;
use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponseBuilder};
use aws_lc_rs::hmac;
use db::TenantTx;
use db::idempotency::{Claim, claim, finish, look};
use futures_util::future::LocalBoxFuture;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

/// Says in an answer whether it was given before.
pub fn replay(response: &mut HttpResponseBuilder, replayed: bool) {
    if replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
}

/// Hashes with a secret of the service: who holds a copy of the table can try neither bodies nor keys.
pub(crate) struct KeyedHash(hmac::Key);

impl KeyedHash {
    pub fn new(secret: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// Each part with its length before it, so that no two lists of parts look alike.
    fn of(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

/// The key of a request, when it has one. In the document: `params(IdempotencyKey)`.
#[derive(Clone)]
pub struct IdempotencyKey {
    key: Option<String>,
    /// Method and path: the same key cannot serve two operations.
    operation: String,
    hash: Data<KeyedHash>,
}

/// A request that was answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    pub status: u16,
    pub resource: Option<Uuid>,
}

/// Why the key cannot be used; a service's error has a variant for it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the key was used for another request")]
    OtherRequest,
    #[error("the same request is still running")]
    Running,
    #[error("the key could not be looked up")]
    Db(#[from] db::DbError),
}

impl Refused {
    pub fn problem(&self) -> Problem {
        match self {
            Self::OtherRequest => Problem::new(Slug::KEY_REUSED),
            Self::Running => Problem::new(Slug::RUNNING),
            Self::Db(cause) => Problem::of_database(cause),
        }
    }
}

impl IdempotencyKey {
    /// The key as that of somebody without an account, who is known by these words: it meets nobody else's key, and no key of the tenant's own callers.
    #[must_use]
    pub fn of_somebody(&self, known_by: &[&[u8]]) -> Self {
        let own = |key: &String| {
            let parts: Vec<&[u8]> = [b"somebody".as_slice(), key.as_bytes()].into_iter().chain(known_by.iter().copied()).collect();
            // A space is no character of a key that is sent.
            format!("somebody {}", hex::encode(self.hash.of(&parts)))
        };
        Self { key: self.key.as_ref().map(own), ..self.clone() }
    }

    /// Claims the key in this transaction; an earlier answer to the same request comes back instead of an effect. Without a key every request is the first.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn claim(&self, tx: &mut TenantTx, body: &[u8]) -> Result<Option<Replay>, Refused> {
        let Some(key) = self.kept(tx) else { return Ok(None) };
        match claim(tx, &key, self.body(&key, body).as_ref()).await.map_err(db::DbError::from) {
            Ok(claimed) => answered(&claimed),
            Err(db::DbError::Busy) => Err(Refused::Running),
            Err(cause) => Err(cause.into()),
        }
    }

    /// An earlier answer to the same request, before anything is done that no transaction takes back. Who comes first claims the key all the same, later.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn look(&self, tx: &mut TenantTx, body: &[u8]) -> Result<Option<Replay>, Refused> {
        let Some(key) = self.kept(tx) else { return Ok(None) };
        let known = look(tx, &key, self.body(&key, body).as_ref()).await.map_err(db::DbError::from)?;
        known.as_ref().map_or(Ok(None), answered)
    }

    fn body(&self, key: &str, body: &[u8]) -> hmac::Tag {
        self.hash.of(&[b"body", key.as_bytes(), self.operation.as_bytes(), body])
    }

    /// Keeps what is answered, in the transaction that claimed the key. The resource's id is kept, never the answer.
    ///
    /// # Errors
    /// The query failed.
    pub async fn finish(&self, tx: &mut TenantTx, status: u16, resource: Option<Uuid>) -> Result<(), Refused> {
        if let Some(key) = self.kept(tx) {
            finish(tx, &key, status, resource).await.map_err(db::DbError::from)?;
        }
        Ok(())
    }

    /// What is kept of the key. The text is the client's own and may be anything, somebody's address included.
    fn kept(&self, tx: &TenantTx) -> Option<String> {
        let key = self.key.as_deref()?;
        Some(hex::encode(self.hash.of(&[b"key", tx.tenant().as_bytes(), key.as_bytes()])))
    }
}

fn answered(claim: &Claim) -> Result<Option<Replay>, Refused> {
    match claim {
        Claim::First => Ok(None),
        Claim::Done { status, resource } => Ok(Some(Replay { status: *status, resource: *resource })),
        Claim::OtherBody => Err(Refused::OtherRequest),
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (gate, key) = (Gate::of(request), read(request));
        let operation = format!("{} {}", request.method(), request.path());
        let hash = request.app_data::<Data<KeyedHash>>().expect("serve() always installs one").clone();
        Box::pin(async move {
            gate.pass().await;
            Ok(Self { key: key?, operation, hash })
        })
    }
}

fn read(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all("idempotency-key");
    let (Some(value), another) = (values.next(), values.next()) else { return Ok(None) };
    let visible = |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = value.to_str().ok().filter(visible).filter(|_| another.is_none());
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| Problem::new(Slug::NOT_READABLE).detail("The Idempotency-Key is 1 to 255 visible ASCII characters."))
}

impl utoipa::IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let says = "1 to 255 visible ASCII characters. The same key with the same body has its effect once in 24 hours; the answer to a repetition has the header Idempotency-Replayed.";
        vec![header("Idempotency-Key", says, Required::False)]
    }
}
