//! The key store of a dump, opened with root keys: whose keys are still to be had.

use anyhow::Context as _;
use kernel::TenantId;
use seal::wrap::{unwrap_bucket_key, unwrap_epoch_key, unwrap_subject_key};
use seal::{BucketKey, EpochKey, FileKeyWrapper, SubjectKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use uuid::Uuid;

/// Keys of people, imports and cases.
pub struct Keys(HashMap<(Uuid, Uuid), SubjectKey>);

#[derive(Deserialize)]
struct EpochRow {
    tenant_id: Uuid,
    epoch: u64,
    wrapped: Bytes,
}

#[derive(Deserialize)]
struct BucketRow {
    tenant_id: Uuid,
    bucket_id: Uuid,
    epoch: u64,
    wrapped: Bytes,
}

#[derive(Deserialize)]
struct HolderRow {
    tenant_id: Uuid,
    holder_id: Uuid,
    bucket_id: Option<Uuid>,
    wrapped: Option<Bytes>,
}

/// A `bytea` as PostgreSQL writes it in JSON: `\x` and hex.
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = text.strip_prefix("\\x").and_then(|text| hex::decode(text).ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("no bytes of PostgreSQL's"))
    }
}

/// The rows of a service's own table, which is named `<service>.<table>`; none where it was not dumped.
pub fn rows_of<T: DeserializeOwned>(databases: &Path, table: &str) -> anyhow::Result<Vec<T>> {
    let (service, _) = table.split_once('.').context("a table is named with its schema")?;
    rows(&databases.join(service), table)
}

/// The rows of a dumped table or topic; none where it was not dumped.
pub fn rows<T: DeserializeOwned>(folder: &Path, table: &str) -> anyhow::Result<Vec<T>> {
    let path = folder.join(format!("{table}.jsonl"));
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = BufReader::new(File::open(&path)?);
    file.lines().map(|line| serde_json::from_str(&line?).with_context(|| format!("a row of {table} cannot be read"))).collect()
}

impl Keys {
    /// Unwraps what can be unwrapped. What does not open is no error here: that is what is asked.
    pub async fn read(store: &Path, roots: &Path) -> anyhow::Result<Self> {
        let files = FileKeyWrapper::open(roots)?;
        let mut epochs: HashMap<(Uuid, u64), EpochKey> = HashMap::new();
        for row in rows_of::<EpochRow>(store, "keyring.tenant_epochs")? {
            if let Ok(key) = unwrap_epoch_key(&files, row.epoch, TenantId::from(row.tenant_id), &row.wrapped.0).await {
                epochs.insert((row.tenant_id, row.epoch), key);
            }
        }
        let mut buckets: HashMap<(Uuid, Uuid), BucketKey> = HashMap::new();
        for row in rows_of::<BucketRow>(store, "keyring.buckets")? {
            let above = epochs.get(&(row.tenant_id, row.epoch));
            if let Some(Ok(key)) = above.map(|above| unwrap_bucket_key(above, row.tenant_id.into(), row.bucket_id, &row.wrapped.0)) {
                buckets.insert((row.tenant_id, row.bucket_id), key);
            }
        }
        let mut keys = HashMap::new();
        for row in rows_of::<HolderRow>(store, "keyring.holders")? {
            let (Some(id), Some(wrapped)) = (row.bucket_id, row.wrapped) else { continue };
            let above = buckets.get(&(row.tenant_id, id));
            let key = above.map(|above| unwrap_subject_key(above, row.tenant_id.into(), id, row.holder_id, &wrapped.0));
            if let Some(Ok(key)) = key {
                keys.insert((row.tenant_id, row.holder_id), key);
            }
        }
        Ok(Self(keys))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, tenant: Uuid, holder: Uuid) -> Option<&SubjectKey> {
        self.0.get(&(tenant, holder))
    }
}
