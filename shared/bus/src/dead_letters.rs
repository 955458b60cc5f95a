//! Dead letters: looked at by people, and handed to their service once more when the fault is mended.

use crate::client::Quiet;
use crate::record::{FROM, Origin, REASON, Raw, header};
use crate::{BusError, KafkaConfig, Producer};
use events::topics;
use kernel::Service;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};
use serde::Serialize;
use std::time::Duration;

const ASK: Duration = Duration::from_secs(5);

/// Why a record became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is no event of ours.
    UnreadableEnvelope,
    /// The handler said that it can never be handled.
    RefusedByHandler,
    /// The handler broke off.
    HandlerPanicked,
    /// It came once more, and the service does not hear its topic any more.
    NotHeard,
}

impl Reason {
    /// As it stands in the header `mxtr-dlq-reason`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnreadableEnvelope => "unreadable-envelope",
            Self::RefusedByHandler => "refused-by-handler",
            Self::HandlerPanicked => "handler-panicked",
            Self::NotHeard => "not-heard",
        }
    }
}

/// A dead letter as people see it: where it came from and why it is dead, never what it says.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    pub partition: i32,
    pub offset: i64,
    /// One of [`Reason`], by name.
    pub reason: String,
    /// topic/partition/offset.
    pub from: String,
    pub event_type: Option<String>,
    pub event_id: Option<String>,
    pub bytes: usize,
}

/// The dead letters of a service, oldest first. Blocks.
///
/// # Errors
/// The broker is away.
pub fn list(config: &KafkaConfig, service: Service) -> Result<Vec<DeadLetter>, BusError> {
    Ok(read(config, service)?.into_iter().map(|(letter, _)| letter).collect())
}

/// Hands a dead letter to its service once more, with the headers it came with: nobody else hears it again, and it overtakes nothing on the topic it came
/// from. Doing so twice is harmless where the handler keeps an inbox. The dead letter stays where it is until its retention ends.
///
/// # Errors
/// The broker is away, or there is no such dead letter.
pub async fn redrive(config: &KafkaConfig, service: Service, partition: i32, offset: i64) -> Result<(), BusError> {
    let reading = config.clone();
    let letters = tokio::task::spawn_blocking(move || read(&reading, service)).await.map_err(|_| BusError::NotKept)??;
    let wanted = letters.into_iter().find(|(letter, _)| letter.partition == partition && letter.offset == offset);
    let (_, Some(raw)) = wanted.ok_or(BusError::NoDeadLetter)? else { return Err(BusError::NoDeadLetter) };
    Producer::new(config, "mxtr-dlq")?.redrive(topics::redrives(service).name, &raw).await
}

/// The letters, and their records where it is known where they came from.
fn read(config: &KafkaConfig, service: Service) -> Result<Vec<(DeadLetter, Option<Raw>)>, BusError> {
    let topic = topics::dead_letters(service);
    let name = config.full_name(topic.name);
    let consumer: BaseConsumer<Quiet> = config
        .client("mxtr-dlq")
        .set("group.id", config.group("mxtr-dlq"))
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .create_with_context(Quiet)?;
    let mut list = TopicPartitionList::new();
    let mut left: i64 = 0;
    for partition in 0..topic.partitions {
        let (low, high) = consumer.fetch_watermarks(&name, partition, ASK)?;
        left += high - low;
        list.add_partition_offset(&name, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let mut letters = Vec::new();
    while left > 0 {
        let message = consumer.poll(ASK).ok_or(BusError::Silent)??;
        let letter = letter(&message);
        let origin = letter.from.parse::<Origin>().ok();
        letters.push((letter, origin.map(|origin| Raw::of(origin, &message, None))));
        left -= 1;
    }
    Ok(letters)
}

fn letter(message: &BorrowedMessage<'_>) -> DeadLetter {
    let text = |name: &str| header(message, name).map(ToOwned::to_owned);
    DeadLetter {
        partition: message.partition(),
        offset: message.offset(),
        reason: text(REASON).unwrap_or_default(),
        from: text(FROM).unwrap_or_default(),
        event_type: text("ce_type"),
        event_id: text("ce_id"),
        bytes: message.payload_len(),
    }
}
