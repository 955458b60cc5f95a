//! Sealing: AES-256-GCM under a random nonce, bound to the place where the value stands.

use crate::Key;
use crate::frame::framed;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use kernel::TenantId;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The first byte of everything sealed: how the rest is to be read.
const FORMAT: u8 = 1;

/// Where a sealed value stands. It opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose key: a subject, an import or a case.
    pub holder: Uuid,
    /// Which store: "contacts.contacts".
    pub store: &'a str,
    /// Which row.
    pub row: Uuid,
    /// Which category, or what else the blob is.
    pub category: &'a str,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        framed(&[
            b"mxtr/seal/1",
            self.tenant.as_bytes(),
            self.holder.as_bytes(),
            self.store.as_bytes(),
            self.row.as_bytes(),
            self.category.as_bytes(),
        ])
    }
}

/// A value does not open: it was changed, moved to another place, or the key is another one. Which of them cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open here with this key")]
pub struct Unopenable;

/// Seals a value for a place: format, nonce, ciphertext with its tag.
pub fn seal(key: &Key, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    seal_for(key, &place.bytes(), plain)
}

/// Opens a value at its place.
///
/// # Errors
/// [`Unopenable`].
pub fn open(key: &Key, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    open_for(key, &place.bytes(), sealed)
}

/// Seals with any additional data.
pub fn seal_for(key: &Key, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut ciphertext = plain.to_vec();
    let nonce = cipher(key).seal_in_place_append_tag(Aad::from(aad), &mut ciphertext).expect("a value is far below the limit of GCM");
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + ciphertext.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.append(&mut ciphertext);
    sealed
}

/// Opens with any additional data.
pub fn open_for(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let (format, rest) = sealed.split_first().ok_or(Unopenable)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).filter(|_| *format == FORMAT).ok_or(Unopenable)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopenable)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let length = cipher(key).open_in_place(nonce, Aad::from(aad), &mut plain).map_err(|_| Unopenable)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn cipher(key: &Key) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, key.as_bytes()).expect("a key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every vector of Project Wycheproof for AES-256-GCM with our sizes, through the function that opens everything.
    #[test]
    fn wycheproofs_vectors_hold() {
        let vectors: Vec<serde_json::Value> = serde_json::from_str(include_str!("../tests/data/wycheproof_aes_256_gcm.json")).unwrap();
        assert!(vectors.len() > 50);
        for vector in vectors {
            let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
            let key = Key::from_bytes(bytes("key").try_into().unwrap());
            let sealed = [vec![FORMAT], bytes("iv"), bytes("ct"), bytes("tag")].concat();
            let opened = open_for(&key, &bytes("aad"), &sealed);
            match vector["result"].as_str().unwrap() {
                "valid" => assert_eq!(opened.unwrap().as_slice(), bytes("msg"), "{vector}"),
                _ => assert_eq!(opened.unwrap_err(), Unopenable, "{vector}"),
            }
        }
    }
}
