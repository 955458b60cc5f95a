//! Which partitions are ours: what happens when they come and go, and what librdkafka says about how far behind they are.

use crate::KafkaConfig;
use crate::client::Quiet;
use crate::metrics::Metrics;
use crate::waiting::Waiting;
use crate::worker::Job;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Partition;
use rdkafka::{ClientContext, Statistics};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How its owner sees a worker.
pub(crate) struct Worker {
    pub jobs: mpsc::UnboundedSender<Job>,
    pub waiting: Arc<Waiting>,
    pub over: CancellationToken,
    pub paused: bool,
}

/// The workers by partition. Topics by their full name.
#[derive(Clone, Default)]
pub(crate) struct Workers(Arc<Mutex<HashMap<(String, i32), Worker>>>);

impl Workers {
    pub fn lock(&self) -> MutexGuard<'_, HashMap<(String, i32), Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the workers of partitions that go to another process.
pub(crate) struct Rebalancing {
    pub workers: Workers,
    pub metrics: Metrics,
    pub config: KafkaConfig,
}

impl ClientContext for Rebalancing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Quiet.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        for (topic, figures) in &statistics.topics {
            let name = self.config.short_name(topic);
            for (partition, figures) in figures.partitions.iter().filter(|(_, figures)| figures.desired) {
                if let Some(lag) = lag(figures) {
                    self.metrics.lag.with_label_values(&[name, &partition.to_string()]).set(lag);
                }
            }
        }
    }
}

/// Records behind the last one that was handled; before any was, behind the begin of the partition. `None` where the end is not known.
fn lag(figures: &Partition) -> Option<i64> {
    let handled = [figures.stored_offset, figures.committed_offset, figures.lo_offset].into_iter().find(|offset| *offset >= 0)?;
    (figures.hi_offset >= 0).then(|| (figures.hi_offset - handled).max(0))
}

impl ConsumerContext for Rebalancing {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            let mut workers = self.workers.lock();
            for partition in partitions.elements() {
                if let Some(worker) = workers.remove(&(partition.topic().to_owned(), partition.partition())) {
                    worker.over.cancel();
                }
                self.metrics.forget(self.config.short_name(partition.topic()), partition.partition());
            }
        }
    }

    /// librdkafka remembers that a partition was paused when it went; its new worker has nothing to wait for.
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance
            && let Err(cause) = consumer.resume(partitions)
        {
            tracing::warn!(%cause, "partitions could not be taken up");
        }
    }
}
