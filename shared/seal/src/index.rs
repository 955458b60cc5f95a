//! Blind indexes and commitments: HMAC-SHA-256, so that equal things can be found by those who hold the key, and by nobody else.

use crate::Key;
use crate::frame::framed;
use aws_lc_rs::hmac;
use kernel::SubjectId;

/// The token of a normalised value under a tenant's key of one field.
pub fn token(key: &Key, normalised: &str) -> [u8; 32] {
    tag(key, &framed(&[b"mxtr/index/1", normalised.as_bytes()]))
}

/// A person as the audit log knows them: made with their own "audit" subkey, so that it stands for nobody once the key is shredded.
pub fn commitment(audit_subkey: &Key, subject: SubjectId) -> [u8; 32] {
    tag(audit_subkey, &framed(&[b"mxtr/commitment/1", subject.as_bytes()]))
}

fn tag(key: &Key, message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message);
    tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}
