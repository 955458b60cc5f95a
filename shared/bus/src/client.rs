//! What every client of the broker has in common.

use kernel::EventId;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;

/// Where the broker is, and what stands before the names in it.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// `host:port`, several with commas between.
    pub brokers: String,
    /// Empty in production unless several platforms share a broker.
    pub topic_prefix: String,
    /// The same for consumer groups: who shares it shares the work.
    pub group_prefix: String,
}

impl KafkaConfig {
    /// The name of a topic or group in the broker.
    pub fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// The name without the prefix.
    pub fn short_name<'a>(&self, full: &'a str) -> &'a str {
        full.strip_prefix(&self.topic_prefix).unwrap_or(full)
    }

    /// The name of a consumer group in the broker.
    pub(crate) fn group(&self, name: &str) -> String {
        format!("{}{name}", self.group_prefix)
    }

    pub(crate) fn client(&self, name: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", name)
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "30000")
            .set("log.connection.close", "false")
            .set_log_level(RDKafkaLogLevel::Warning);
        config
    }
}

/// The broker is away, or said no.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the broker could not be asked")]
    Kafka(#[from] KafkaError),
    #[error("the broker did not keep the events")]
    NotKept,
    #[error("the broker will never keep {} of the events", .0.len())]
    Refused(Vec<EventId>),
    #[error("the topics could not be made: {0}")]
    Topics(String),
    #[error("the broker fell silent")]
    Silent,
    #[error("there is no such dead letter")]
    NoDeadLetter,
    #[error("the outbox could not be read")]
    Outbox(#[from] db::DbError),
}

/// Passes librdkafka's own words on to the log. They name brokers and partitions, never keys or values.
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, message, "librdkafka");
            }
            _ => tracing::debug!(facility, message, "librdkafka"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

impl rdkafka::consumer::ConsumerContext for Quiet {}
