//! How events stand in an outbox row: one row carries all events of a transaction.

use crate::Outgoing;
use kernel::{EventId, TenantId, from_micros, micros};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Batch {
    #[prost(message, repeated, tag = "1")]
    messages: Vec<Row>,
}

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(string, tag = "1")]
    topic: String,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    event_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    tenant_id: Vec<u8>,
    #[prost(string, tag = "5")]
    event_type: String,
    #[prost(int64, tag = "6")]
    time_us: i64,
    #[prost(bytes = "vec", optional, tag = "7")]
    data: Option<Vec<u8>>,
    #[prost(string, optional, tag = "8")]
    traceparent: Option<String>,
    #[prost(int32, optional, tag = "9")]
    partition: Option<i32>,
}

/// The bytes are no batch of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no batch of events")]
pub struct NoBatch;

/// The events of a transaction as the bytes of one row.
pub fn encode(events: &[Outgoing]) -> Vec<u8> {
    let messages = events.iter().map(row).collect();
    Batch { messages }.encode_to_vec()
}

/// The events of a row.
///
/// # Errors
/// [`NoBatch`] when the bytes were not made by [`encode`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Outgoing>, NoBatch> {
    let batch = Batch::decode(bytes).map_err(|_| NoBatch)?;
    batch.messages.into_iter().map(|row| event(row).ok_or(NoBatch)).collect()
}

fn row(event: &Outgoing) -> Row {
    Row {
        topic: event.topic.clone(),
        key: event.key.clone(),
        event_id: event.event_id.as_bytes().to_vec(),
        tenant_id: event.tenant.as_bytes().to_vec(),
        event_type: event.event_type.clone(),
        time_us: micros(event.time),
        data: event.data.clone(),
        traceparent: event.traceparent.clone(),
        partition: event.partition,
    }
}

fn event(row: Row) -> Option<Outgoing> {
    Some(Outgoing {
        topic: row.topic,
        key: row.key,
        event_id: EventId::from_slice(&row.event_id)?,
        tenant: TenantId::from_slice(&row.tenant_id)?,
        event_type: row.event_type,
        time: from_micros(row.time_us)?,
        data: row.data,
        traceparent: row.traceparent,
        partition: row.partition,
    })
}
