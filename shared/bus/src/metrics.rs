//! What a consumer tells of itself on the health port.

use prometheus::core::Collector;
use prometheus::{IntCounter, IntGaugeVec, Opts};
use runtime::Runtime;

/// Counters and gauges of a consumer. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Records of a partition that are fetched and not yet handled.
    pub waiting: IntGaugeVec,
    /// Their keys and data.
    pub waiting_bytes: IntGaugeVec,
    /// Records of a partition that are not handled yet, wherever they are.
    pub lag: IntGaugeVec,
    pub retries: IntCounter,
    pub dead: IntCounter,
}

impl Metrics {
    pub fn new(runtime: &Runtime) -> Self {
        let of_partition = |name, help| IntGaugeVec::new(Opts::new(name, help), &["topic", "partition"]).expect("the names are words");
        let count = |name, help| IntCounter::new(name, help).expect("the name is a word");
        let metrics = Self {
            waiting: of_partition("events_waiting", "records fetched and not yet handled"),
            waiting_bytes: of_partition("events_waiting_bytes", "bytes of records fetched and not yet handled"),
            lag: of_partition("events_lag", "records in the broker that are not handled yet"),
            retries: count("events_retried_total", "tries of an event that had to be repeated"),
            dead: count("events_dead_total", "records that became dead letters"),
        };
        let all: [Box<dyn Collector>; 5] = [
            Box::new(metrics.waiting.clone()),
            Box::new(metrics.waiting_bytes.clone()),
            Box::new(metrics.lag.clone()),
            Box::new(metrics.retries.clone()),
            Box::new(metrics.dead.clone()),
        ];
        for collector in all {
            if runtime.metrics().register(collector).is_err() {
                tracing::error!("a service has two consumers, and the metrics of one only");
            }
        }
        metrics
    }

    /// Forgets a partition that is another process's now.
    pub fn forget(&self, topic: &str, partition: i32) {
        let partition = partition.to_string();
        for gauge in [&self.waiting, &self.waiting_bytes, &self.lag] {
            // It may never have been told.
            let _told = gauge.remove_label_values(&[topic, &partition]);
        }
    }
}
