//! Topics are made from the table, and nowhere else.

use crate::client::Quiet;
use crate::producer::LONGEST;
use crate::{BusError, KafkaConfig};
use events::{Cleanup, Topic, topics};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// What a batch of one record has around it, generously.
const ENVELOPE: usize = 4096;
const ASK: Duration = Duration::from_secs(5);
/// How often it is asked whether the new topics can be seen; the broker's own metadata is asynchronous.
const LOOKS: u32 = 200;

/// Makes the topics that are missing, gives those that were there the settings of the table, and returns when the broker shows all of them.
///
/// # Errors
/// The broker is away, or refuses one.
pub async fn create_topics(config: &KafkaConfig, replication: i32) -> Result<(), BusError> {
    let admin: AdminClient<Quiet> = config.client("mxtr-migrate").create_with_context(Quiet)?;
    let names: Vec<(&Topic, String)> = topics::all().map(|topic| (topic, config.full_name(topic.name))).collect();
    let settings: Vec<Vec<(&str, String)>> = names.iter().map(|(topic, _)| settings(topic.cleanup, replication)).collect();
    let new: Vec<NewTopic<'_>> = names
        .iter()
        .zip(&settings)
        .map(|((topic, name), settings)| {
            let new = NewTopic::new(name, topic.partitions, TopicReplication::Fixed(replication));
            settings.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    let mut there = Vec::new();
    for (made, settings) in admin.create_topics(&new, &AdminOptions::new().operation_timeout(Some(ASK))).await?.into_iter().zip(&settings) {
        match made {
            Ok(_) => {}
            Err((name, RDKafkaErrorCode::TopicAlreadyExists)) => there.push((name, settings.as_slice())),
            Err((name, code)) => return Err(BusError::Topics(format!("{name}: {code}"))),
        }
    }
    align(&admin, &there).await?;
    until_visible(config, names.into_iter().map(|(topic, name)| (name, topic.partitions)).collect()).await
}

/// Gives topics that were there before the table's settings where they differ: one that a broker made by itself would lose its states after a week.
/// What an operator set beside them stays.
async fn align(admin: &AdminClient<Quiet>, there: &[(String, &[(&str, String)])]) -> Result<(), BusError> {
    if there.is_empty() {
        return Ok(());
    }
    let asked: Vec<ResourceSpecifier<'_>> = there.iter().map(|(name, _)| ResourceSpecifier::Topic(name)).collect();
    let described = admin.describe_configs(&asked, &AdminOptions::new()).await?;
    let mut changes = Vec::new();
    for ((name, wanted), described) in there.iter().zip(&described) {
        let described = described.as_ref().map_err(|code| BusError::Topics(format!("{name}: {code}")))?;
        let is = |key: &str| described.get(key).and_then(|entry| entry.value.as_deref());
        if wanted.iter().all(|(key, value)| is(key) == Some(value)) {
            continue;
        }
        tracing::warn!(topic = name, "the topic has other settings than the table, and gets them");
        let own = described.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
        let own = own.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
        let all: BTreeMap<&str, &str> = own.chain(wanted.iter().map(|(key, value)| (*key, value.as_str()))).collect();
        let change = AlterConfig::new(ResourceSpecifier::Topic(name));
        changes.push(all.into_iter().fold(change, |change, (key, value)| change.set(key, value)));
    }
    if changes.is_empty() {
        return Ok(());
    }
    for altered in admin.alter_configs(&changes, &AdminOptions::new()).await? {
        altered.map_err(|(topic, code)| BusError::Topics(format!("{topic:?}: {code}")))?;
    }
    Ok(())
}

fn settings(cleanup: Cleanup, replication: i32) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("max.message.bytes", (LONGEST + ENVELOPE).to_string()),
        // One replica may be away, and what is acknowledged stands in all others.
        ("min.insync.replicas", (replication - 1).max(1).to_string()),
    ];
    settings.extend(match cleanup {
        Cleanup::Compact => vec![
            ("cleanup.policy", "compact".to_owned()),
            // A publisher sees an older state behind a newer one before the newer one is gone, also when it was away for a while.
            ("min.compaction.lag.ms", (10 * MINUTE_MS).to_string()),
            ("max.compaction.lag.ms", DAY_MS.to_string()),
            ("delete.retention.ms", (7 * DAY_MS).to_string()),
            ("min.cleanable.dirty.ratio", "0.1".to_owned()),
        ],
        Cleanup::Delete { days } => vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", (u64::from(days) * DAY_MS).to_string()),
            // A segment goes as a whole: what is kept is kept for a day more at most.
            ("segment.ms", DAY_MS.to_string()),
        ],
    });
    settings
}

async fn until_visible(config: &KafkaConfig, wanted: BTreeMap<String, i32>) -> Result<(), BusError> {
    let consumer: BaseConsumer<Quiet> = config.client("mxtr-migrate").create_with_context(Quiet)?;
    tokio::task::spawn_blocking(move || {
        for _ in 0..LOOKS {
            if all_seen(&consumer, &wanted)? && all_answer(&consumer, &wanted)? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        Err(BusError::Topics("the broker does not show them".to_owned()))
    })
    .await
    .map_err(|_| BusError::Topics("the question was given up".to_owned()))?
}

/// Whether every topic stands in the metadata. One that somebody made with other partitions would spread its keys otherwise than its readers expect.
fn all_seen(consumer: &BaseConsumer<Quiet>, wanted: &BTreeMap<String, i32>) -> Result<bool, BusError> {
    let metadata = consumer.fetch_metadata(None, ASK)?;
    let seen: BTreeMap<&str, usize> = metadata
        .topics()
        .iter()
        .filter(|topic| !topic.partitions().is_empty())
        .map(|topic| (topic.name(), topic.partitions().len()))
        .collect();
    if !wanted.keys().all(|name| seen.contains_key(name.as_str())) {
        return Ok(false);
    }
    let other = wanted.iter().find(|(name, partitions)| seen.get(name.as_str()).copied() != usize::try_from(**partitions).ok());
    other.map_or(Ok(true), |(name, partitions)| Err(BusError::Topics(format!("{name} is there, but not with {partitions} partitions"))))
}

/// Whether the leader of every partition answers for it; a moment after it is shown, it does not yet.
fn all_answer(consumer: &BaseConsumer<Quiet>, wanted: &BTreeMap<String, i32>) -> Result<bool, BusError> {
    let mut list = TopicPartitionList::new();
    for (name, partitions) in wanted {
        for partition in 0..*partitions {
            list.add_partition_offset(name, partition, Offset::Offset(0))?;
        }
    }
    let answers = consumer.offsets_for_times(list, ASK);
    Ok(answers.is_ok_and(|answers| answers.elements().iter().all(|answer| answer.error().is_ok())))
}
