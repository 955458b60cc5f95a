//! Access tokens (RFC 9068): short, signed with Ed25519, good for what their key is good for at most.

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{ActId, Clock};
use privacy::AccessLimit;
use web::Identified;
use web::token::{Claims, LONGEST_LIFE};

/// Signs tokens, and publishes the keys to check them with.
pub struct Tokens {
    issuer: String,
    clock: Clock,
    key: EncodingKey,
    kid: String,
    public: JwkSet,
}

/// A token as it is given out.
pub struct Issued {
    pub text: String,
    /// Seconds until it ends.
    pub expires_in: i64,
}

impl Tokens {
    /// The current key signs; the others are published beside it, so that nobody meets a key that it does not know.
    ///
    /// # Errors
    /// A key is not Ed25519 in PKCS#8.
    pub fn new(issuer: &str, clock: Clock, current: &[u8], others: &[Vec<u8>]) -> Result<Self, Error> {
        let (key, public) = key_pair(current)?;
        let kid = public.common.key_id.clone().unwrap_or_default();
        let mut keys = vec![public];
        for other in others {
            keys.push(key_pair(other)?.1);
        }
        Ok(Self { issuer: issuer.to_owned(), clock, key, kid, public: JwkSet { keys } })
    }

    /// The public keys, the signing one first.
    pub fn public(&self) -> &JwkSet {
        &self.public
    }

    /// A token for a caller, with this limit. Whoever checks it also asks whether its key still lives.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn issue(&self, caller: &Identified, limit: AccessLimit) -> Result<Issued, Error> {
        let now = self.clock.now().as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: caller.principal,
            client_id: caller.principal,
            tenant: caller.tenant,
            roles: caller.roles.clone(),
            limit,
            iat: now,
            exp: now + LONGEST_LIFE,
            jti: ActId::new(&self.clock).to_string(),
        };
        let header = Header { typ: Some("at+jwt".to_owned()), kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(Issued { text: encode(&header, &claims, &self.key)?, expires_in: LONGEST_LIFE })
    }
}

/// The signing key and its public half, named by its thumbprint (RFC 7638).
fn key_pair(pkcs8: &[u8]) -> Result<(EncodingKey, Jwk), Error> {
    let invalid = || Error::from(ErrorKind::InvalidEddsaKey);
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| invalid())?;
    // Version 1 has no public key in it, and is the only one whose public half `Jwk` finds.
    let private = pair.to_pkcs8v1().map_err(|_| invalid())?;
    let key = EncodingKey::from_ed_der(private.as_ref());
    let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
    public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256)?);
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((key, public))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use kernel::{PrincipalId, TenantId};
    use privacy::Role;
    use seal::evidence::Signer;
    use serde_json::Value;

    fn part(token: &str, place: usize) -> Value {
        let text = token.split('.').nth(place).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn a_token_says_what_the_standard_asks_for() {
        let clock = Clock::test("2026-11-24T09:00:00Z".parse().unwrap());
        let tokens = Tokens::new("https://mxtr.example", clock.clone(), &Signer::generate_pkcs8(), &[Signer::generate_pkcs8()]).unwrap();
        let (principal, tenant) = (PrincipalId::new(&clock), TenantId::new(&clock));
        let limit = Role::SUPPORT.limit();
        let caller = Identified { principal, tenant, roles: vec!["support".to_owned()], limit: limit.clone() };
        let issued = tokens.issue(&caller, limit.clone()).unwrap();
        assert_eq!(issued.expires_in, 300);
        let (header, claims) = (part(&issued.text, 0), part(&issued.text, 1));
        assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &"EdDSA".into()));
        assert_eq!(header["kid"].as_str(), tokens.public().keys[0].common.key_id.as_deref());
        for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            assert!(!claims[claim].is_null(), "{claim}");
        }
        assert_eq!(claims["aud"], claims["iss"]);
        assert_eq!(claims["limit"], serde_json::to_value(&limit).unwrap());
    }

    #[test]
    fn all_keys_are_published_without_their_private_half() {
        let clock = Clock::test("2026-11-24T09:00:00Z".parse().unwrap());
        let tokens =
            Tokens::new("https://mxtr.example", clock, &Signer::generate_pkcs8(), &[Signer::generate_pkcs8(), Signer::generate_pkcs8()])
                .unwrap();
        let published = serde_json::to_value(tokens.public()).unwrap();
        let keys = published["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 3);
        for key in keys {
            assert_eq!(
                (&key["kty"], &key["crv"], &key["use"], &key["alg"]),
                (&"OKP".into(), &"Ed25519".into(), &"sig".into(), &"EdDSA".into())
            );
            assert!(key.get("d").is_none() && key["kid"].is_string());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let clock = Clock::test("2026-11-24T09:00:00Z".parse().unwrap());
        assert!(Tokens::new("https://mxtr.example", clock, b"not a key", &[]).is_err());
    }
}
