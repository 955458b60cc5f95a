//! Checkpoints: signed heads of the log, in the formats of C2SP `tlog-checkpoint` and `signed-note`.

use super::merkle::Hash;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The head of a log: everything that a signature speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log; also the name of its key.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    pub root: Hash,
}

/// Why a note is no checkpoint of the log that was asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    #[error("the note is not in the format of a checkpoint")]
    Malformed,
    #[error("the note is about another log")]
    OtherLog,
    #[error("no signature of the log's key stands under the note")]
    Unsigned,
    #[error("the signature does not match the note")]
    BadSignature,
}

const ED25519: u8 = 1;

impl Checkpoint {
    /// The text that is signed: origin, size and root, a line each.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The note: the text, a blank line and the signature made by `sign`.
    pub fn note(&self, public_key: &[u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
        let text = self.text();
        let mut blob = key_id(&self.origin, public_key).to_vec();
        blob.extend(sign(text.as_bytes()));
        format!("{text}\n\u{2014} {} {}\n", self.origin, STANDARD.encode(blob))
    }

    /// Reads a note and checks the signature of `origin`'s key with `verify`; signatures of other keys are passed over.
    pub fn from_note(
        note: &str,
        origin: &str,
        public_key: &[u8; 32],
        verify: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, InvalidNote> {
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(InvalidNote::Malformed);
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(InvalidNote::Malformed)?;
        let text = format!("{text}\n");
        let checkpoint = Self::from_text(&text)?;
        if checkpoint.origin != origin {
            return Err(InvalidNote::OtherLog);
        }
        let signature = signature_of(origin, public_key, signatures)?;
        if verify(public_key, text.as_bytes(), &signature) { Ok(checkpoint) } else { Err(InvalidNote::BadSignature) }
    }

    fn from_text(text: &str) -> Result<Self, InvalidNote> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else { return Err(InvalidNote::Malformed) };
        let plain = size.bytes().all(|digit| digit.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| plain && !origin.is_empty()).ok_or(InvalidNote::Malformed)?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok()).ok_or(InvalidNote::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// The first four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ key), by which a note names a key.
fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let message = [name.as_bytes(), b"\n", &[ED25519], public_key].concat();
    let hash = digest(&SHA256, &message);
    hash.as_ref().get(..4).and_then(|id| id.try_into().ok()).expect("SHA-256 has 32 bytes")
}

fn signature_of(name: &str, public_key: &[u8; 32], signatures: &str) -> Result<[u8; 64], InvalidNote> {
    if !signatures.ends_with('\n') {
        return Err(InvalidNote::Malformed);
    }
    let id = key_id(name, public_key);
    for line in signatures.lines() {
        let (signer, blob) = line.strip_prefix("\u{2014} ").and_then(|rest| rest.rsplit_once(' ')).ok_or(InvalidNote::Malformed)?;
        let blob = STANDARD.decode(blob).map_err(|_| InvalidNote::Malformed)?;
        let (key, signature) = blob.split_at_checked(4).ok_or(InvalidNote::Malformed)?;
        if signer == name && key == id {
            return signature.try_into().map_err(|_| InvalidNote::Malformed);
        }
    }
    Err(InvalidNote::Unsigned)
}
