//! The caller as somebody who hands out keys.

use super::Administer;
use crate::domain::api_key::{ApiKey, KeyState};
use crate::domain::grant::{Fault, Grantor, Terms};
use crate::error::{Error, Result};
use crate::store::api_keys;
use db::TenantTx;
use web::Caller;

/// The caller's own key, as the table has it at this moment, with what is left of its limit in this call.
pub async fn grantor(tx: &mut TenantTx, caller: &Caller<Administer>) -> Result<Grantor> {
    let own = api_keys::find(tx, caller.principal()).await?;
    let now = tx.clock().now();
    let own = own.filter(|key| key.state(now) == KeyState::Active).ok_or(Error::CallerGone)?;
    Ok(Grantor { terms: own.terms, limit: caller.limit().clone(), house: caller.is_house() })
}

/// Whether the caller may come to hold this key's secret.
pub fn may_hold(grantor: &Grantor, terms: &Terms) -> Result<()> {
    let faults: Vec<Fault> = grantor.refuses(terms);
    if faults.is_empty() { Ok(()) } else { Err(Error::NotGranted(faults)) }
}

/// A key that a request found or made.
pub struct Made {
    pub key: ApiKey,
    /// Its text, when this request made it.
    pub minted: Option<web::apikey::Minted>,
}
