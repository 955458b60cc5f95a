//! API keys: `mxtr_live_<id>_<secret>_<checksum>`. The id finds the key, the secret proves it, the checksum lets scanners and us tell a key from a typo.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use kernel::PrincipalId;
use runtime::Secret;

const PREFIX: &str = "mxtr_live_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^22 > 2^128.
const ID_LENGTH: usize = 22;
/// 62^43 > 2^256.
const SECRET_LENGTH: usize = 43;
/// 62^6 > 2^32.
const CHECKSUM_LENGTH: usize = 6;

/// A key as somebody presented it.
pub struct ApiKey {
    pub id: PrincipalId,
    secret: [u8; 32],
}

/// A new key: its text is shown once, the hash is kept.
pub struct Minted {
    pub text: Secret,
    pub secret_sha256: [u8; 32],
}

/// Makes the secret of a new key. 256 random bits need no slow hash: SHA-256 is what is kept.
pub fn mint(id: PrincipalId) -> Minted {
    let secret: [u8; 32] = rand::generate(&rand::SystemRandom::new()).expect("the system has randomness").expose();
    let front = format!("{PREFIX}{}_{}_", base62(id.as_bytes(), ID_LENGTH), base62(&secret, SECRET_LENGTH));
    let checksum = base62(&crc32fast::hash(front.as_bytes()).to_be_bytes(), CHECKSUM_LENGTH);
    Minted { text: Secret::new(front + &checksum), secret_sha256: sha256(&secret) }
}

impl ApiKey {
    /// Reads a key; nothing when it is none, its checksum included.
    pub fn parse(text: &str) -> Option<Self> {
        let (front, checksum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_LENGTH)?)?;
        let number: [u8; 4] = bytes(checksum)?;
        if u32::from_be_bytes(number) != crc32fast::hash(front.as_bytes()) {
            return None;
        }
        let (id, secret) = front.strip_prefix(PREFIX)?.strip_suffix('_')?.split_once('_')?;
        if id.len() != ID_LENGTH || secret.len() != SECRET_LENGTH {
            return None;
        }
        let id: [u8; 16] = bytes(id)?;
        Some(Self { id: PrincipalId::from_slice(&id)?, secret: bytes(secret)? })
    }

    /// Whether this is the secret whose hash is kept; takes the same time whatever the answer.
    pub fn proves(&self, secret_sha256: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        sha256(&self.secret).ct_eq(secret_sha256).into()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// A number, big-endian, in base 62, padded to a length.
fn base62(number: &[u8], length: usize) -> String {
    let mut number = number.to_vec();
    let mut text = vec![b'0'; length];
    for place in text.iter_mut().rev() {
        let mut rest: u32 = 0;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).expect("less than 256");
            rest = value % 62;
        }
        *place = DIGITS[usize::try_from(rest).expect("less than 62")];
    }
    String::from_utf8(text).expect("digits are ASCII")
}

/// The number that a text in base 62 says; nothing when it has other characters or does not fit.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut number = [0_u8; N];
    for digit in text.bytes() {
        let mut carry = u32::try_from(DIGITS.iter().position(|known| *known == digit)?).ok()?;
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = u8::try_from(value % 256).ok()?;
            carry = value / 256;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}
