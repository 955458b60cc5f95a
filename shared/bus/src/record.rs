//! Between rdkafka's records and our events.

use events::{Incoming, Malformed, Outgoing, Position};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Header, Headers as _, OwnedHeaders};

/// Reads a record; `topic` is its name without the prefix.
pub(crate) fn incoming(topic: &str, message: &BorrowedMessage<'_>) -> Result<Incoming, Malformed> {
    let headers = message.headers();
    let find = |name: &str| headers.and_then(|headers| headers.iter().find(|header| header.key == name).and_then(|header| header.value));
    let at = Position { partition: message.partition(), offset: message.offset() };
    Incoming::from_record(topic, at, message.key(), message.payload(), find)
}

/// The headers of an event on its way out.
pub(crate) fn headers(event: &Outgoing) -> OwnedHeaders {
    let headers = event.headers();
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| all.insert(Header { key, value: Some(value) }))
}

/// A record as it came: what a dead letter keeps.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: OwnedHeaders,
}

impl Raw {
    pub fn of(topic: &str, message: &BorrowedMessage<'_>) -> Self {
        Self {
            topic: topic.to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(ToOwned::to_owned),
            payload: message.payload().map(ToOwned::to_owned),
            headers: message.headers().map(rdkafka::message::BorrowedHeaders::detach).unwrap_or_else(OwnedHeaders::new),
        }
    }
}
