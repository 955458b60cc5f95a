//! Service tokens: who is asking. Verified by public keys in a file that is read again whenever it changes.

use crate::error::Error;
use arc_swap::ArcSwap;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kernel::{Clock, Service};
use serde::Deserialize;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who issues service tokens.
pub const ISSUER: &str = "mxtr-services";
/// To whom they must be addressed.
pub const AUDIENCE: &str = "keyring";

/// Verifies service tokens.
pub struct Tokens {
    file: PathBuf,
    clock: Clock,
    keys: ArcSwap<Keys>,
}

struct Keys {
    stamp: Stamp,
    by_id: HashMap<String, DecodingKey>,
}

/// Tells one content of a file from another without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    changed_at: (i64, i64),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970 (RFC 7519, section 4.1.4).
    exp: i64,
    /// Not before, seconds since 1970.
    nbf: Option<i64>,
}

/// The file of public keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("the file of service token keys cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// It is no JWKS.
    #[error("the file of service token keys is no JWKS (RFC 7517)")]
    NoKeySet(#[from] serde_json::Error),
    /// A key in it is of another kind.
    #[error("the file of service token keys holds a key that is not Ed25519 with a kid")]
    WrongKey,
    /// A key in it is damaged.
    #[error("the file of service token keys holds a damaged key")]
    DamagedKey(#[from] jsonwebtoken::errors::Error),
}

impl Tokens {
    /// Reads the public keys.
    pub fn open(file: PathBuf, clock: Clock) -> Result<Self, KeyFileError> {
        let keys = ArcSwap::from_pointee(Keys::read(&file)?);
        Ok(Self { file, clock, keys })
    }

    /// The service that this token was issued to: signed by one of our issuer's keys, addressed to keyring, not expired.
    pub fn verify(&self, token: &str) -> Result<Service, Error> {
        self.refresh();
        let header = decode_header(token).map_err(|_| Error::Unauthenticated)?;
        let keys = self.keys.load();
        let key = header.kid.and_then(|kid| keys.by_id.get(&kid)).ok_or(Error::Unauthenticated)?;
        let claims = decode::<Claims>(token, key, &rules()).map_err(|_| Error::Unauthenticated)?.claims;
        let now = self.clock.now().as_second();
        if claims.exp <= now || claims.nbf.is_some_and(|nbf| nbf > now) {
            return Err(Error::Unauthenticated);
        }
        claims.sub.parse().map_err(|_| Error::Unauthenticated)
    }

    /// Reads the file again if it changed. A damaged file changes nothing, and is reported each time it is looked at.
    fn refresh(&self) {
        match Stamp::of(&self.file) {
            Ok(stamp) if stamp == self.keys.load().stamp => {}
            Ok(_) => match Keys::read(&self.file) {
                Ok(keys) => self.keys.store(Arc::new(keys)),
                Err(why) => tracing::error!(error = %why, "kept the service token keys that were read before"),
            },
            Err(why) => tracing::error!(error = %why, "kept the service token keys that were read before"),
        }
    }
}

/// The signature, issuer and audience; times are compared with our own clock.
fn rules() -> Validation {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.validate_exp = false;
    rules
}

impl Keys {
    fn read(file: &Path) -> Result<Self, KeyFileError> {
        let stamp = Stamp::of(file)?;
        let set: JwkSet = serde_json::from_slice(&std::fs::read(file)?)?;
        let mut by_id = HashMap::with_capacity(set.keys.len());
        for key in set.keys {
            let ed25519 = matches!(&key.algorithm, AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519);
            let Some(id) = key.common.key_id.clone().filter(|_| ed25519) else { return Err(KeyFileError::WrongKey) };
            by_id.insert(id, DecodingKey::from_jwk(&key)?);
        }
        Ok(Self { stamp, by_id })
    }
}

impl Stamp {
    fn of(file: &Path) -> std::io::Result<Self> {
        let about = std::fs::metadata(file)?;
        Ok(Self { inode: about.ino(), length: about.size(), changed_at: (about.mtime(), about.mtime_nsec()) })
    }
}
