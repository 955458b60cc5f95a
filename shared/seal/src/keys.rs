//! Keys: 256 random bits that cannot be printed and leave memory when they are dropped.

use crate::frame::framed;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, rand};
use privacy::Category;
use std::fmt;
use zeroize::Zeroizing;

/// A key of 256 bits.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A new random key.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut_slice()).expect("the system has randomness");
        Self(bytes)
    }

    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HKDF-SHA-256 without a salt; the info says what the derived key is for.
    pub(crate) fn derive(&self, label: &str, name: &str) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        hkdf(self.as_bytes(), &[], &framed(&[label.as_bytes(), name.as_bytes()]), bytes.as_mut_slice())
            .expect("one block of output is always allowed");
        Self(bytes)
    }
}

/// HKDF-SHA-256 (RFC 5869).
fn hkdf(secret: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Unspecified> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret).expand(&[info], Length(out.len()))?.fill(out)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

macro_rules! key_of {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Key);

        impl $name {
            /// A new random key.
            pub fn random() -> Self {
                Self(Key::random())
            }

            /// The key underneath.
            pub fn key(&self) -> &Key {
                &self.0
            }
        }

        impl From<Key> for $name {
            fn from(key: Key) -> Self {
                Self(key)
            }
        }
    )*};
}

key_of! {
    /// The key of one holder: a person, an import, a rights case. Values are sealed under what is derived from it.
    SubjectKey,
    /// The key that up to 256 holders share, and that wraps theirs.
    BucketKey,
    /// A tenant's key of one epoch, which wraps its buckets' keys.
    EpochKey,
}

impl SubjectKey {
    /// The key of one category of the holder's values.
    pub fn category(&self, category: Category) -> CategoryKey {
        CategoryKey { key: self.0.derive("mxtr/category/1", category.name()), category }
    }

    /// A named key beside the categories: "package", "audit".
    pub fn subkey(&self, name: &str) -> Key {
        self.0.derive("mxtr/subkey/1", name)
    }
}

/// The key of one category of one holder's values.
#[derive(Clone, Debug)]
pub struct CategoryKey {
    key: Key,
    category: Category,
}

impl CategoryKey {
    /// A key that keyring released for this category.
    pub fn new(key: Key, category: Category) -> Self {
        Self { key, category }
    }

    /// The key itself.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its category.
    pub fn category(&self) -> Category {
        self.category
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every vector of Project Wycheproof for HKDF-SHA-256, through the function that all subkeys come from.
    #[test]
    fn wycheproofs_vectors_hold() {
        let vectors: Vec<serde_json::Value> = serde_json::from_str(include_str!("../tests/data/wycheproof_hkdf_sha256.json")).unwrap();
        assert!(vectors.len() > 50);
        for vector in vectors {
            let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
            let mut out = vec![0; usize::try_from(vector["size"].as_u64().unwrap()).unwrap()];
            let derived = hkdf(&bytes("ikm"), &bytes("salt"), &bytes("info"), &mut out);
            match vector["result"].as_str().unwrap() {
                "valid" => assert_eq!(derived.map(|()| out), Ok(bytes("okm")), "{vector}"),
                _ => assert!(derived.is_err(), "{vector}"),
            }
        }
    }
}
