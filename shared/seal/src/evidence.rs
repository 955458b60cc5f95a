//! Evidence: what mxtr signs so that anybody can check it offline, for ever, with the public key alone. A key of its own for each kind.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// What is signed. A signature of one kind never verifies as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What a person decided.
    Receipt,
    /// That a rights case was carried out.
    Certificate,
    /// The head of the audit log.
    Checkpoint,
    /// A service's own word in a rights case.
    Participant,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Receipt, Kind::Certificate, Kind::Checkpoint, Kind::Participant];

    /// Its word in `typ` and in the published keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Certificate => "certificate",
            Self::Checkpoint => "checkpoint",
            Self::Participant => "participant",
        }
    }

    fn typ(self) -> String {
        format!("mxtr-{}+jws", self.name())
    }
}

/// Evidence or a key that cannot be used; why is said in words that reveal nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The private key is no PKCS#8 of Ed25519.
    #[error("the key is no Ed25519 key in PKCS#8")]
    Key,
    /// The published keys are no JWKS with a kind for each key.
    #[error("the published keys cannot be read")]
    PublicKeys,
    /// It is no compact JWS of this kind.
    #[error("not a signed document of this kind")]
    Form,
    /// Nobody published the key that it names.
    #[error("signed by a key that nobody published")]
    UnknownKey,
    /// The signature is not of this document and key.
    #[error("the signature is wrong")]
    Signature,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Signs evidence of one kind.
pub struct Signer {
    kind: Kind,
    pair: Ed25519KeyPair,
    kid: String,
}

impl Signer {
    /// A new private key in PKCS#8.
    pub fn generate_pkcs8() -> Vec<u8> {
        Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8().map(|pkcs8| pkcs8.as_ref().to_vec())).expect("the system has randomness")
    }

    /// The signer with this private key.
    ///
    /// # Errors
    /// [`Invalid::Key`].
    pub fn from_pkcs8(kind: Kind, pkcs8: &[u8]) -> Result<Self, Invalid> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| Invalid::Key)?;
        let thumbprint = thumbprint(pair.public_key().as_ref());
        Ok(Self { kind, pair, kid: thumbprint })
    }

    /// The RFC 7638 thumbprint of the public key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The document as a compact JWS (RFC 7515, RFC 8037). Panics on a document that has no JSON form, such as a map whose keys are not text.
    pub fn sign(&self, document: &impl Serialize) -> String {
        let header = Header { alg: "EdDSA".to_owned(), typ: self.kind.typ(), kid: self.kid.clone() };
        let header = serde_json::to_vec(&header).expect("three texts have a JSON form");
        let document = serde_json::to_vec(document).expect("evidence has a JSON form");
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(document));
        let signature = URL_SAFE_NO_PAD.encode(self.sign_bytes(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The bare signature of some bytes.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.pair.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    /// The public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    /// The public key as it is published.
    pub fn public_jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.public_key()), "kid": self.kid, "alg": "EdDSA", "use": "sig", "kind": self.kind })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, {})", self.kind.name(), self.kid)
    }
}

/// The published keys, of every kind and time.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Clone, Debug, Deserialize)]
struct PublicKey {
    kid: String,
    kind: Kind,
    x: String,
    kty: String,
    crv: String,
}

impl PublicKeys {
    /// Reads a JWKS whose keys carry a `kind`.
    ///
    /// # Errors
    /// [`Invalid::PublicKeys`].
    pub fn from_json(jwks: &str) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<PublicKey>,
        }
        let set: Set = serde_json::from_str(jwks).map_err(|_| Invalid::PublicKeys)?;
        Ok(Self(set.keys))
    }

    /// The document, if it is of this kind and signed by a published key of this kind.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn verify(&self, kind: Kind, jws: &str) -> Result<Value, Invalid> {
        let (signed, signature) = jws.trim().rsplit_once('.').ok_or(Invalid::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Invalid::Form)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Invalid::Form);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Invalid::Form)?;
        if header.alg != "EdDSA" || header.typ != kind.typ() {
            return Err(Invalid::Form);
        }
        let known = self.0.iter().find(|key| key.kid == header.kid && key.kind == kind).ok_or(Invalid::UnknownKey)?;
        let public = decode(&known.x)?;
        if known.kty != "OKP" || known.crv != "Ed25519" || thumbprint(&public) != known.kid {
            return Err(Invalid::PublicKeys);
        }
        if !verifies(&public, signed.as_bytes(), &decode(signature)?) {
            return Err(Invalid::Signature);
        }
        serde_json::from_slice(&decode(payload)?).map_err(|_| Invalid::Form)
    }
}

/// Whether this is the Ed25519 signature of these bytes.
pub fn verify_bytes(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    verifies(public, message, signature)
}

fn verifies(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// RFC 7638 over the members that RFC 8037 requires, in their order.
fn thumbprint(public: &[u8]) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}
