//! Cursors: opaque, authenticated, and good for one tenant and one route only.

use crate::{Problem, Slug};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::TenantId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Bytes of the HMAC that are kept: 128 bits.
const TAG: usize = 16;
/// No cursor of ours is longer.
const LONGEST: usize = 2048;
/// How many rows a page has unless the caller says otherwise.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most rows of a page.
pub const LARGEST_LIMIT: u32 = 200;

/// Makes and reads a service's cursors.
pub struct Cursors(hmac::Key);

/// `?limit=&cursor=` of every list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many rows, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Page {
    /// How many rows.
    ///
    /// # Errors
    /// A number out of bounds.
    pub fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=LARGEST_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(Problem::new(Slug::NOT_READABLE).detail("The query parameter limit is 1 to 200."))
        }
    }
}

impl Cursors {
    /// From the service's cursor key (at least 32 bytes).
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Where the next page of this route begins, for this tenant.
    pub fn encode(&self, tenant: TenantId, route: &str, after: &impl Serialize) -> String {
        let place = serde_json::to_vec(after).expect("a place in a list has a JSON form");
        let mut bytes = self.tag(tenant, route, &place);
        bytes.extend(place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that this service made for this tenant and route.
    ///
    /// # Errors
    /// Any other text: 400.
    pub fn decode<T: DeserializeOwned>(&self, tenant: TenantId, route: &str, cursor: &str) -> Result<T, Problem> {
        use subtle::ConstantTimeEq as _;
        let unreadable = || Problem::new(Slug::NOT_READABLE).detail("The cursor is not one of this list.");
        if cursor.len() > LONGEST {
            return Err(unreadable());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unreadable())?;
        let (tag, place) = bytes.split_at_checked(TAG).ok_or_else(unreadable)?;
        if !bool::from(self.tag(tenant, route, place).ct_eq(tag)) {
            return Err(unreadable());
        }
        serde_json::from_slice(place).map_err(|_| unreadable())
    }

    fn tag(&self, tenant: TenantId, route: &str, place: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(tenant.as_bytes());
        context.update(&u64::try_from(route.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(route.as_bytes());
        context.update(place);
        context.sign().as_ref().iter().take(TAG).copied().collect()
    }
}
