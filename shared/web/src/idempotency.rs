//! `Idempotency-Key`: a repeated request has its effect once. What is kept is a keyed hash of the body, the status and the resource's id;
//! a repeated answer is made anew under the caller's rights of that moment, and a secret is never shown twice.

use crate::{Problem, Slug};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use aws_lc_rs::hmac;
use db::TenantTx;
use db::idempotency::{Claim, claim, finish};
use std::future::{Ready, ready};
use uuid::Uuid;

/// The header of an answer that was given before.
pub const REPLAYED: (&str, &str) = ("Idempotency-Replayed", "true");

/// The key of a request, when it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: Option<String>,
    /// The operation is part of what the key is used for.
    operation: String,
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
    /// Claims the key in this transaction; an earlier answer to the same request comes back instead of an effect.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn claim(&self, tx: &mut TenantTx, body: &[u8]) -> Result<Option<Replay>, Refused> {
        let Some(key) = &self.key else { return Ok(None) };
        let hash = self.hash(tx, body);
        match claim(tx, key, &hash).await.map_err(db::DbError::from) {
            Ok(Claim::First) => Ok(None),
            Ok(Claim::Done { status, resource }) => Ok(Some(Replay { status, resource })),
            Ok(Claim::OtherBody) => Err(Refused::OtherRequest),
            Err(db::DbError::Query(cause)) if cause.to_string().contains("lock timeout") => Err(Refused::Running),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Keeps what is answered, in the transaction that claimed the key.
    ///
    /// # Errors
    /// The query failed.
    pub async fn finish(&self, tx: &mut TenantTx, status: u16, resource: Option<Uuid>) -> Result<(), Refused> {
        if let Some(key) = &self.key {
            finish(tx, key, status, resource).await.map_err(db::DbError::from)?;
        }
        Ok(())
    }

    /// Keyed by the tenant and the key, so that equal bodies of two requests do not look equal.
    fn hash(&self, tx: &TenantTx, body: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, tx.tenant().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in [self.key.as_deref().unwrap_or_default().as_bytes(), self.operation.as_bytes(), body] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let operation = format!("{} {}", request.method(), request.path());
        let Some(header) = request.headers().get("idempotency-key") else { return ready(Ok(Self { key: None, operation })) };
        let key = header.to_str().ok().filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
        let malformed = || Problem::new(Slug::NOT_READABLE).detail("The Idempotency-Key is 1 to 255 visible ASCII characters.");
        ready(key.map(|key| Self { key: Some(key.to_owned()), operation }).ok_or_else(malformed))
    }
}
