//! The secret of a person's status link: it names the case, so that no table of links is needed, and proves that it was given out.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::TenantId;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// Tenant, case, and 32 random bytes.
const LENGTH: usize = 16 + 16 + 32;

/// A link's secret, as it came.
pub struct Secret {
    pub tenant: TenantId,
    pub case: Uuid,
    sha256: Vec<u8>,
}

/// Makes the secret of a case: its text, which is shown once, and the hash that is kept.
///
/// # Errors
/// The system has no randomness.
pub fn mint(tenant: TenantId, case: Uuid) -> Result<(String, Vec<u8>), aws_lc_rs::error::Unspecified> {
    let random: [u8; 32] = rand::generate(&rand::SystemRandom::new())?.expose();
    let whole = [tenant.as_bytes().as_slice(), case.as_bytes(), &random].concat();
    Ok((URL_SAFE_NO_PAD.encode(&whole), hash(&whole)))
}

impl Secret {
    /// Reads a secret's text.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = URL_SAFE_NO_PAD.decode(text).ok().filter(|whole| whole.len() == LENGTH)?;
        let (tenant, rest) = whole.split_at_checked(16)?;
        let case = Uuid::from_slice(rest.get(..16)?).ok()?;
        Some(Self { tenant: TenantId::from_slice(tenant)?, case, sha256: hash(&whole) })
    }

    /// Whether it is the one whose hash is kept; takes as long for a wrong one.
    pub fn proves(&self, sha256: Option<&[u8]>) -> bool {
        sha256.is_some_and(|kept| bool::from(kept.ct_eq(&self.sha256)))
    }
}

fn hash(whole: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, whole).as_ref().to_vec()
}
