//! Everything the topics still hold, for whoever wants to see every byte.

use crate::client::Quiet;
use crate::{BusError, KafkaConfig};
use events::topics;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers as _;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use std::time::Duration;

const ASK: Duration = Duration::from_secs(5);

/// A record as it lies in its topic.
#[derive(Clone, Debug)]
pub struct Record {
    /// Without any prefix.
    pub topic: &'static str,
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    /// None: the key's state is gone.
    pub value: Option<Vec<u8>>,
}

/// Hands every record of every topic to `each`, as they come, up to where each partition ended when it was reached. Blocks.
///
/// # Errors
/// The broker is away, or what `each` says.
pub fn dump<E: From<BusError>>(config: &KafkaConfig, mut each: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
    let (consumer, mut left) = assigned(config)?;
    while left > 0 {
        match consumer.poll(ASK) {
            None => return Err(BusError::Silent.into()),
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(cause)) => return Err(BusError::from(cause).into()),
            Some(Ok(message)) => {
                let Some(topic) = topics::by_name(config.short_name(message.topic())) else { continue };
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                each(Record {
                    topic: topic.name,
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().unwrap_or_default().to_vec(),
                    headers: headers.map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect(),
                    value: message.payload().map(<[u8]>::to_vec),
                })?;
            }
        }
    }
    Ok(())
}

/// One consumer for all: a fetch that finds nothing new would otherwise be waited for topic by topic.
fn assigned(config: &KafkaConfig) -> Result<(BaseConsumer<Quiet>, i32), BusError> {
    let consumer: BaseConsumer<Quiet> = config
        .client("mxtr-dump")
        .set("group.id", config.group("mxtr-dump"))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .create_with_context(Quiet)?;
    let mut list = TopicPartitionList::new();
    for topic in topics::all() {
        for partition in 0..topic.partitions {
            list.add_partition_offset(&config.full_name(topic.name), partition, Offset::Beginning)?;
        }
    }
    consumer.assign(&list)?;
    let left = topics::all().map(|topic| topic.partitions).sum();
    Ok((consumer, left))
}
