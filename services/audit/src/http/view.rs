//! How entries and proofs are shown.

use crate::domain::merkle::Hash;
use crate::error::Result;
use crate::store::entries::Stored;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use events::audit::{LogEntry, log_entry::Body};
use events::platform::ReadRecord;
use kernel::{PrincipalId, from_micros};
use privacy::CategorySet;
use prost::Message as _;
use serde::Serialize;
use utoipa::ToSchema;

/// An opening of personal values.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadView {
    /// Where the entry stands in the log.
    pub leaf: u64,
    #[schema(format = DateTime)]
    pub read_at: String,
    /// The API key on whose behalf it was opened.
    pub principal_id: Option<PrincipalId>,
    pub service: String,
    pub operation: String,
    pub purpose: String,
    pub verb: String,
    /// Of how many people.
    pub people: usize,
    /// The categories that were opened; of one person where the list is about one.
    pub opened: CategorySet,
    /// The categories that were asked for and withheld.
    pub withheld: CategorySet,
    pub trace_id: String,
}

/// Reads, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reads {
    pub data: Vec<ReadView>,
    pub next_cursor: Option<String>,
}

/// Hashes in base64, from the leaf upwards.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofView {
    pub proof: Vec<String>,
}

impl From<Vec<Hash>> for ProofView {
    fn from(hashes: Vec<Hash>) -> Self {
        Self { proof: hashes.iter().map(|hash| STANDARD.encode(hash)).collect() }
    }
}

impl ReadView {
    /// What an entry says: of this person, or of all that it is about.
    pub fn new(stored: &Stored, of: Option<&[u8; 32]>) -> Result<Option<Self>> {
        let entry = LogEntry::decode(stored.data.as_slice())?;
        let Some(Body::Read(read)) = entry.body else { return Ok(None) };
        let (opened, withheld) = categories(&read, of);
        Ok(Some(Self {
            leaf: stored.leaf,
            read_at: from_micros(read.read_at_us).map(|at| at.to_string()).unwrap_or_default(),
            principal_id: PrincipalId::from_slice(&read.principal_id),
            people: read.subjects.len(),
            service: read.service,
            operation: read.operation,
            purpose: read.purpose,
            verb: read.verb,
            opened,
            withheld,
            trace_id: hex::encode(read.trace_id),
        }))
    }
}

fn categories(read: &ReadRecord, of: Option<&[u8; 32]>) -> (CategorySet, CategorySet) {
    let subjects = read.subjects.iter().filter(|subject| of.is_none_or(|commitment| subject.commitment == commitment));
    let (opened, withheld) = subjects.fold((0, 0), |(opened, withheld), subject| (opened | subject.opened, withheld | subject.withheld));
    (CategorySet::from_bits(opened).unwrap_or(CategorySet::EMPTY), CategorySet::from_bits(withheld).unwrap_or(CategorySet::EMPTY))
}
