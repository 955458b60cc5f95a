//! Dead letters: looked at by people, and said again when the fault is mended.

use crate::client::Quiet;
use crate::record::Raw;
use crate::{BusError, KafkaConfig, Producer};
use events::topics;
use kernel::Service;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, OwnedHeaders};
use rdkafka::{Offset, TopicPartitionList};
use serde::Serialize;
use std::time::Duration;

const ASK: Duration = Duration::from_secs(5);

/// A dead letter as people see it: where it came from and why it is dead, never what it says.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    pub partition: i32,
    pub offset: i64,
    /// A closed vocabulary: `unreadable-envelope`, `refused-by-handler`.
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

/// Says a dead letter again on the topic it came from, with the headers it came with: every reader hears it again, and inboxes drop what had its effect.
/// The dead letter stays where it is until its retention ends.
///
/// # Errors
/// The broker is away, or there is no such dead letter.
pub async fn redrive(config: &KafkaConfig, service: Service, partition: i32, offset: i64) -> Result<(), BusError> {
    let reading = config.clone();
    let letters = tokio::task::spawn_blocking(move || read(&reading, service)).await.map_err(|_| BusError::NotKept)??;
    let (letter, raw) = letters
        .into_iter()
        .find(|(letter, _)| letter.partition == partition && letter.offset == offset)
        .ok_or_else(|| BusError::Topics("there is no such dead letter".to_owned()))?;
    let topic = letter.from.split('/').next().unwrap_or_default();
    let kept = raw.headers.iter().filter(|header| !header.key.starts_with("mxtr-dlq-"));
    let headers = kept.fold(OwnedHeaders::new(), |all, header| all.insert(header));
    Producer::new(config, "mxtr-dlq")?.keep(&config.full_name(topic), &raw, headers).await
}

fn read(config: &KafkaConfig, service: Service) -> Result<Vec<(DeadLetter, Raw)>, BusError> {
    let topic = topics::dead_letters(service);
    let name = config.full_name(topic.name);
    let consumer: BaseConsumer<Quiet> =
        config.client("mxtr-dlq").set("group.id", "mxtr-dlq").set("enable.auto.commit", "false").create_with_context(Quiet)?;
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
        match consumer.poll(ASK) {
            Some(Ok(message)) => {
                letters.push((letter(&message), Raw::of(topic.name, &message)));
                left -= 1;
            }
            Some(Err(cause)) => return Err(cause.into()),
            None => break,
        }
    }
    Ok(letters)
}

fn letter(message: &BorrowedMessage<'_>) -> DeadLetter {
    let header = |name: &str| {
        let value = message.headers().and_then(|headers| headers.iter().find(|header| header.key == name).and_then(|header| header.value));
        value.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(ToOwned::to_owned)
    };
    DeadLetter {
        partition: message.partition(),
        offset: message.offset(),
        reason: header("mxtr-dlq-reason").unwrap_or_default(),
        from: header("mxtr-dlq-from").unwrap_or_default(),
        event_type: header("ce_type"),
        event_id: header("ce_id"),
        bytes: message.payload_len(),
    }
}
