//! Between rdkafka's records and our events.

use bytes::Bytes;
use events::{Incoming, Malformed, Outgoing, Position};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Header, Headers as _, OwnedHeaders};
use std::fmt;
use std::str::FromStr;

/// Why a record became a dead letter: one of [`crate::dead_letters::Reason`].
pub(crate) const REASON: &str = "mxtr-dlq-reason";
/// Where a dead letter stood first: topic/partition/offset.
pub(crate) const FROM: &str = "mxtr-dlq-from";

/// Where a record stood first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The topic's name, without the prefix.
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (rest, offset) = text.rsplit_once('/').ok_or(())?;
        let (topic, partition) = rest.rsplit_once('/').ok_or(())?;
        Ok(Self { topic: topic.to_owned(), partition: partition.parse().map_err(drop)?, offset: offset.parse().map_err(drop)? })
    }
}

/// A header's text; the first, where it stands twice.
pub(crate) fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let value = message.headers()?.iter().find(|header| header.key == name)?.value?;
    std::str::from_utf8(value).ok()
}

/// Reads a record as the event that stood at `origin`.
pub(crate) fn incoming(origin: &Origin, message: &BorrowedMessage<'_>) -> Result<Incoming, Malformed> {
    let headers = message.headers();
    let find = |name: &str| headers.and_then(|headers| headers.iter().find(|header| header.key == name).and_then(|header| header.value));
    let at = Position { partition: origin.partition, offset: origin.offset };
    Incoming::from_record(&origin.topic, at, message.key(), message.payload(), find)
}

/// The headers of an event on its way out.
pub(crate) fn headers(event: &Outgoing) -> OwnedHeaders {
    let headers = event.headers();
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| all.insert(Header { key, value: Some(value) }))
}

/// A record as it came: what a dead letter keeps.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub origin: Origin,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Bytes>,
    /// Those it came with first.
    pub headers: OwnedHeaders,
}

impl Raw {
    /// `event` is the same record, where it could be read; its data are not kept twice.
    pub fn of(origin: Origin, message: &BorrowedMessage<'_>, event: Option<&Incoming>) -> Self {
        let own = message.headers().into_iter().flat_map(|headers| headers.iter()).filter(|header| ![REASON, FROM].contains(&header.key));
        Self {
            origin,
            key: message.key().map(ToOwned::to_owned),
            payload: event.map_or_else(|| message.payload().map(Bytes::copy_from_slice), |event| event.data.clone()),
            headers: own.fold(OwnedHeaders::new(), OwnedHeaders::insert),
        }
    }

    /// What it takes of memory, headers aside.
    pub fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.payload.as_ref().map_or(0, Bytes::len)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn an_origin_is_read_as_it_was_written() {
        let origin = Origin { topic: "consent.decisions".to_owned(), partition: 2, offset: 40 };
        assert_eq!(origin.to_string(), "consent.decisions/2/40");
        assert_eq!(origin.to_string().parse(), Ok(origin));
        assert_eq!("consent.decisions".parse::<Origin>(), Err(()));
        assert_eq!("consent.decisions/two/40".parse::<Origin>(), Err(()));
    }
}
