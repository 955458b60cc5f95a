//! Topics are made from the table, and nowhere else.

use crate::client::Quiet;
use crate::{BusError, KafkaConfig};
use events::{Cleanup, Topic, topics};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeSet;
use std::time::Duration;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const ASK: Duration = Duration::from_secs(5);
/// How often it is asked whether the new topics can be seen; KRaft's metadata is asynchronous.
const LOOKS: u32 = 200;

/// Makes the topics that are missing, each with the settings of the table, and returns when the broker shows all of them.
///
/// # Errors
/// The broker is away, or refuses one.
pub async fn create_topics(config: &KafkaConfig, replication: i32) -> Result<(), BusError> {
    let admin: AdminClient<Quiet> = config.client("mxtr-migrate").create_with_context(Quiet)?;
    let wanted: Vec<(&Topic, String, Vec<(&str, String)>)> =
        topics::all().map(|topic| (topic, config.full_name(topic.name), settings(topic.cleanup))).collect();
    let new: Vec<NewTopic<'_>> = wanted
        .iter()
        .map(|(topic, name, settings)| {
            let new = NewTopic::new(name, topic.partitions, TopicReplication::Fixed(replication));
            settings.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    for made in admin.create_topics(&new, &AdminOptions::new().operation_timeout(Some(ASK))).await? {
        if let Err((name, code)) = made
            && code != RDKafkaErrorCode::TopicAlreadyExists
        {
            return Err(BusError::Topics(format!("{name}: {code}")));
        }
    }
    until_visible(config, wanted.into_iter().map(|(_, name, _)| name).collect()).await
}

fn settings(cleanup: Cleanup) -> Vec<(&'static str, String)> {
    match cleanup {
        Cleanup::Compact => vec![
            ("cleanup.policy", "compact".to_owned()),
            ("max.compaction.lag.ms", DAY_MS.to_string()),
            ("delete.retention.ms", (7 * DAY_MS).to_string()),
            ("min.cleanable.dirty.ratio", "0.1".to_owned()),
        ],
        Cleanup::Delete { days } => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", (u64::from(days) * DAY_MS).to_string())]
        }
    }
}

async fn until_visible(config: &KafkaConfig, wanted: BTreeSet<String>) -> Result<(), BusError> {
    let consumer: BaseConsumer<Quiet> = config.client("mxtr-migrate").create_with_context(Quiet)?;
    tokio::task::spawn_blocking(move || {
        for _ in 0..LOOKS {
            let metadata = consumer.fetch_metadata(None, ASK)?;
            let seen: BTreeSet<&str> = metadata.topics().iter().filter(|topic| !topic.partitions().is_empty()).map(rdkafka::metadata::MetadataTopic::name).collect();
            if wanted.iter().all(|name| seen.contains(name.as_str())) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        Err(BusError::Topics("the broker does not show them".to_owned()))
    })
    .await
    .map_err(|_| BusError::Topics("the question was given up".to_owned()))?
}
