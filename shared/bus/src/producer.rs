//! The producer: idempotent, acknowledged by all replicas, in order.

use crate::client::Quiet;
use crate::record::{Raw, headers};
use crate::{BusError, KafkaConfig};
use events::Outgoing;
use rdkafka::message::Header;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _, PurgeConfig};
use rdkafka::util::Timeout;
use std::time::Duration;

/// At most so many events are on their way at once.
const IN_FLIGHT: usize = 10_000;

/// Sends events. Clones share a connection.
#[derive(Clone)]
pub struct Producer {
    inner: FutureProducer<Quiet>,
    config: KafkaConfig,
}

impl Producer {
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn new(config: &KafkaConfig, name: &str) -> Result<Self, BusError> {
        let inner = config
            .client(name)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Below the lease of whoever waits: a relay that cannot get rid of its rows lets go of its lock.
            .set("delivery.timeout.ms", "8000")
            .set("request.timeout.ms", "4000")
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.messages", "100000")
            // The same key goes to the same partition as with Java's clients.
            .set("partitioner", "murmur2_random")
            .create_with_context(Quiet)?;
        Ok(Self { inner, config: config.clone() })
    }

    pub fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// Sends events in this order; returns when the broker has kept every one of them.
    ///
    /// # Errors
    /// At least one was not kept. None that came after it is on its way any more, so sending all again keeps the order of each key.
    pub async fn send(&self, events: &[Outgoing]) -> Result<(), BusError> {
        for some in events.chunks(IN_FLIGHT) {
            let waiting: Result<Vec<DeliveryFuture>, BusError> = some.iter().map(|event| self.enqueue(event)).collect();
            let kept = match waiting {
                Ok(waiting) => futures_util::future::join_all(waiting).await.into_iter().all(|kept| matches!(kept, Ok(Ok(_)))),
                Err(cause) => {
                    tracing::debug!(%cause, "events could not be queued");
                    false
                }
            };
            if !kept {
                self.inner.purge(PurgeConfig::default().queue().inflight());
                return Err(BusError::NotKept);
            }
        }
        Ok(())
    }

    fn enqueue(&self, event: &Outgoing) -> Result<DeliveryFuture, BusError> {
        let topic = self.config.full_name(&event.topic);
        let mut record = FutureRecord::<[u8], [u8]>::to(&topic).key(event.key.as_slice()).headers(headers(event));
        record.payload = event.data.as_deref();
        record.partition = event.partition;
        self.inner.send_result(record).map_err(|(cause, _)| cause.into())
    }

    /// Puts a record among a service's dead letters, as it came, with the reason (a closed vocabulary) and where it stood.
    pub(crate) async fn bury(&self, dead_letters: &str, raw: &Raw, reason: &'static str) -> Result<(), BusError> {
        let position = format!("{}/{}/{}", raw.topic, raw.partition, raw.offset);
        let headers = raw
            .headers
            .clone()
            .insert(Header { key: "mxtr-dlq-reason", value: Some(reason) })
            .insert(Header { key: "mxtr-dlq-from", value: Some(&position) });
        self.keep(&self.config.full_name(dead_letters), raw, headers).await
    }

    /// Sends a record as it is.
    pub(crate) async fn keep(&self, topic: &str, raw: &Raw, headers: rdkafka::message::OwnedHeaders) -> Result<(), BusError> {
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).headers(headers);
        record.key = raw.key.as_deref();
        record.payload = raw.payload.as_deref();
        self.inner.send(record, Timeout::Never).await.map(drop).map_err(|(cause, _)| cause.into())
    }

    /// Waits until everything that was queued is sent.
    pub async fn flush(&self) {
        let inner = self.inner.clone();
        let flushed = tokio::task::spawn_blocking(move || inner.flush(Duration::from_secs(5))).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the producer did not send everything before it stopped");
        }
    }
}
