//! The envelope: CloudEvents 1.0 in the binary mode of its Kafka protocol binding.

use crate::{Event, Topic};
use bytes::Bytes;
use kernel::{Clock, EventId, TenantId, Timestamp};

/// The version of CloudEvents that is spoken.
pub const SPEC_VERSION: &str = "1.0";
/// The content type of every event with data.
pub const DATA_CONTENT_TYPE: &str = "application/protobuf";

/// An event on its way out. Without data it is a tombstone: it removes its key from a compacted topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic's name, without a prefix.
    pub topic: String,
    /// The bytes of a random id or a fixed word; never anything personal.
    pub key: Vec<u8>,
    pub event_id: EventId,
    /// Whose event it is; the house's where it is about no tenant.
    pub tenant: TenantId,
    /// The CloudEvents `type`.
    pub event_type: String,
    pub time: Timestamp,
    pub data: Option<Vec<u8>>,
    /// W3C Trace Context of whoever caused it.
    pub traceparent: Option<String>,
    /// Only watermarks choose their partition.
    pub partition: Option<i32>,
}

impl Outgoing {
    /// An event of this topic; its id and time come from the clock.
    pub fn new<E: Event>(topic: &Topic, key: &[u8], tenant: TenantId, clock: &Clock, event: &E) -> Self {
        Self { data: Some(event.encode_to_vec()), ..Self::tombstone::<E>(topic, key, tenant, clock) }
    }

    /// Removes the key from a compacted topic.
    pub fn tombstone<E: Event>(topic: &Topic, key: &[u8], tenant: TenantId, clock: &Clock) -> Self {
        Self {
            topic: topic.name.to_owned(),
            key: key.to_vec(),
            event_id: EventId::new(clock),
            tenant,
            event_type: E::TYPE.to_owned(),
            time: clock.now(),
            data: None,
            traceparent: None,
            partition: None,
        }
    }

    /// Caused within this trace.
    #[must_use]
    pub fn with_traceparent(self, traceparent: Option<String>) -> Self {
        Self { traceparent, ..self }
    }

    /// The headers of the record, in a fixed order.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let writer = self.topic.split('.').next().unwrap_or_default();
        let mut headers = vec![
            ("ce_specversion", SPEC_VERSION.to_owned()),
            ("ce_id", self.event_id.to_string()),
            ("ce_source", format!("/mxtr/{writer}")),
            ("ce_type", self.event_type.clone()),
            ("ce_time", self.time.to_string()),
            ("ce_tenant", self.tenant.to_string()),
        ];
        if self.data.is_some() {
            headers.push(("content-type", DATA_CONTENT_TYPE.to_owned()));
        }
        headers.extend(self.traceparent.clone().map(|traceparent| ("traceparent", traceparent)));
        headers
    }
}

/// An event that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The topic's name, without a prefix.
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub event_id: EventId,
    pub tenant: TenantId,
    pub event_type: String,
    pub time: Timestamp,
    /// `None` is a tombstone.
    pub data: Option<Bytes>,
    pub traceparent: Option<String>,
}

/// A record that is no event of ours: which header is missing or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record has no readable header {0}")]
pub struct Malformed(pub &'static str);

/// Data that is not the message its type says, or no data where some is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    #[error("the event is of another type")]
    OtherType,
    #[error("the event has no data")]
    NoData,
    #[error("the data is not the message that its type says")]
    Data,
}

/// Where a record stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub partition: i32,
    pub offset: i64,
}

impl Incoming {
    /// Reads a record. `topic` is its name without the prefix, `header` finds a header's bytes by name.
    ///
    /// # Errors
    /// [`Malformed`] names the first header that is missing or cannot be read.
    pub fn from_record<'a>(
        topic: &str,
        at: Position,
        key: Option<&[u8]>,
        data: Option<&[u8]>,
        header: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<Self, Malformed> {
        let text = |name: &'static str| header(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Malformed(name));
        if text("ce_specversion")? != SPEC_VERSION {
            return Err(Malformed("ce_specversion"));
        }
        if data.is_some() && !is_protobuf(text("content-type")?) {
            return Err(Malformed("content-type"));
        }
        Ok(Self {
            topic: topic.to_owned(),
            partition: at.partition,
            offset: at.offset,
            key: key.unwrap_or_default().to_vec(),
            event_id: text("ce_id")?.parse().map_err(|_| Malformed("ce_id"))?,
            tenant: text("ce_tenant")?.parse().map_err(|_| Malformed("ce_tenant"))?,
            event_type: text("ce_type")?.to_owned(),
            time: text("ce_time")?.parse().map_err(|_| Malformed("ce_time"))?,
            data: data.map(Bytes::copy_from_slice),
            traceparent: text("traceparent").ok().map(ToOwned::to_owned),
        })
    }

    /// Whether it removes its key.
    pub fn is_tombstone(&self) -> bool {
        self.data.is_none()
    }

    /// The message.
    ///
    /// # Errors
    /// See [`Undecodable`].
    pub fn decode<E: Event>(&self) -> Result<E, Undecodable> {
        if self.event_type != E::TYPE {
            return Err(Undecodable::OtherType);
        }
        E::decode(self.data.clone().ok_or(Undecodable::NoData)?).map_err(|_| Undecodable::Data)
    }
}

/// Content types are compared without case and parameters (CloudEvents Kafka binding, 3.1).
fn is_protobuf(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(DATA_CONTENT_TYPE))
}
