//! What a leaf says, and by whom it is found.

use events::audit::{LogEntry, log_entry::Body};
use kernel::{EventId, TenantId, Timestamp, from_micros};
use prost::Message;

/// The two kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Personal values were opened.
    Read,
    /// Something was done.
    Act,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Act => "act",
        }
    }
}

/// An entry on its way into the log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: Kind,
    pub happened_at: Timestamp,
    /// The leaf's data: an encoded [`LogEntry`].
    pub data: Vec<u8>,
    /// The commitments of the people it is about.
    pub commitments: Vec<Vec<u8>>,
}

/// The event cannot stand in the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time or a commitment of the event is not in its bounds")]
pub struct Unfit;

impl Entry {
    /// The entry that an event makes; `nonce` keeps its leaf from being guessed from the hash.
    pub fn new(nonce: [u8; 16], event: EventId, tenant: TenantId, body: Body) -> Result<Self, Unfit> {
        let (kind, micros, commitments) = match &body {
            Body::Read(read) => {
                (Kind::Read, read.read_at_us, read.subjects.iter().map(|subject| subject.commitment.clone()).collect::<Vec<_>>())
            }
            Body::Act(act) => {
                (Kind::Act, act.acted_at_us, Some(act.subject_commitment.clone()).filter(|bytes| !bytes.is_empty()).into_iter().collect())
            }
        };
        if commitments.iter().any(|commitment| commitment.len() != 32) {
            return Err(Unfit);
        }
        let entry = LogEntry {
            nonce: nonce.to_vec(),
            event_id: event.as_bytes().to_vec(),
            tenant_id: tenant.as_bytes().to_vec(),
            body: Some(body),
        };
        Ok(Self { kind, happened_at: from_micros(micros).ok_or(Unfit)?, data: entry.encode_to_vec(), commitments })
    }
}
