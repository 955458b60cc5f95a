//! What is staged of a file: rows as they came, sealed under the key of the import.

use super::HEADER;
use crate::domain::import::row::{Fault, Warning};
use crate::error::Result;
use crate::vault::import_place;
use kernel::TenantId;
use seal::{Key, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A row of the file. A row that may not be kept has its fault, and cells from which what may not be kept is gone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Staged {
    /// 1 is the first row after the header.
    pub row: u64,
    pub cells: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What became of the rows so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Counts {
    pub created: u64,
    /// Rows about somebody who was there, in the file or before it.
    pub merged: u64,
    /// Rows about people who must not be brought in. Nothing of them is kept.
    pub suppressed: u64,
    /// By reason.
    #[schema(value_type = std::collections::HashMap<String, u64>)]
    pub rejected: BTreeMap<String, u64>,
    /// Rows that were accepted with something left blank or not taken, by warning.
    #[schema(value_type = std::collections::HashMap<String, u64>)]
    pub warnings: BTreeMap<String, u64>,
}

impl Counts {
    pub fn reject(&mut self, fault: Fault) {
        *self.rejected.entry(fault.name().to_owned()).or_default() += 1;
    }

    pub fn warn(&mut self, warning: Warning, rows: u64) {
        let name = serde_json::to_value(warning).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default();
        *self.warnings.entry(name).or_default() += rows;
    }
}

/// Where the rows of a chunk stand in one of the import's stores: a chunk is a row of its own.
pub fn chunk_place(tenant: TenantId, import: Uuid, chunk: i64, store: &str) -> Place<'_> {
    import_place(tenant, import, store, Uuid::from_u128(u128::from(chunk.unsigned_abs())))
}

pub fn seal_rows(key: &Key, place: &Place<'_>, rows: &[Staged]) -> Result<Vec<u8>> {
    Ok(seal::seal(key, place, &serde_json::to_vec(rows)?))
}

pub fn open_rows(key: &Key, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<Staged>> {
    #[expect(clippy::disallowed_methods, reason = "rows on their way into contacts, or back to whoever sent them as rejects.csv")]
    let plain = seal::open(key, place, sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

pub fn seal_header<T: Serialize>(key: &Key, tenant: TenantId, import: Uuid, what: &T) -> Result<Vec<u8>> {
    Ok(seal::seal(key, &import_place(tenant, import, HEADER, import), &serde_json::to_vec(what)?))
}

/// The header of a file, or its mapping.
pub fn open_header<T: for<'de> Deserialize<'de>>(key: &Key, tenant: TenantId, import: Uuid, sealed: &[u8]) -> Result<T> {
    #[expect(clippy::disallowed_methods, reason = "names of columns")]
    let plain = seal::open(key, &import_place(tenant, import, HEADER, import), sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}
