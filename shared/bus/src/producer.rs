//! The producer: idempotent, acknowledged by all replicas, in order.

use crate::client::Quiet;
use crate::dead_letters::Reason;
use crate::record::{FROM, REASON, Raw, headers};
use crate::{BusError, KafkaConfig};
use arc_swap::ArcSwap;
use events::Outgoing;
use kernel::EventId;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Header;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _};
use rdkafka::util::Timeout;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// At most so many events are on their way at once.
const IN_FLIGHT: usize = 10_000;
/// The longest event, envelope included, in bytes; the topics are made to take it.
pub(crate) const LONGEST: usize = 4 << 20;

/// Sends events. Clones share a connection.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<ArcSwap<FutureProducer<Quiet>>>,
    config: KafkaConfig,
    name: Arc<str>,
}

/// How an event fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Sending it again may help.
    NotKept,
    /// The broker will never take it.
    Refused,
    /// The client itself is of no use any more.
    Fatal,
}

impl Fate {
    fn of(cause: &KafkaError) -> Self {
        match cause {
            KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord) => Self::Refused,
            KafkaError::MessageProduction(RDKafkaErrorCode::Fatal) => Self::Fatal,
            _ => Self::NotKept,
        }
    }
}

impl Producer {
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn new(config: &KafkaConfig, name: &str) -> Result<Self, BusError> {
        let inner = Arc::new(ArcSwap::from_pointee(client(config, name)?));
        Ok(Self { inner, config: config.clone(), name: name.into() })
    }

    pub fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// Sends events; returns when the broker has kept every one of them. Events of the same topic and key keep their order also when some fail: the next
    /// of a key leaves only when the one before it is kept.
    ///
    /// # Errors
    /// [`BusError::NotKept`]: at least one was not kept; sending all again keeps the order of each key. [`BusError::Refused`]: the broker will never keep
    /// the ones named, and has kept all others.
    pub async fn send(&self, events: &[Outgoing]) -> Result<(), BusError> {
        let mut refused = Vec::new();
        for wave in waves(events) {
            for some in wave.chunks(IN_FLIGHT) {
                refused.extend(self.send_together(some).await?);
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(BusError::Refused(refused)) }
    }

    /// Events of different keys, whose order does not matter; which of them the broker will never keep.
    async fn send_together(&self, events: &[&Outgoing]) -> Result<Vec<EventId>, BusError> {
        // All that left are waited for, whatever becomes of the others: nothing of this call is on its way when it returns.
        let leaving: Vec<Result<DeliveryFuture, KafkaError>> = events.iter().map(|event| self.enqueue(event)).collect();
        let fates = futures_util::future::join_all(leaving.into_iter().map(fate)).await;
        if fates.contains(&Fate::Fatal) {
            self.renew();
        }
        if fates.iter().any(|fate| matches!(fate, Fate::NotKept | Fate::Fatal)) {
            return Err(BusError::NotKept);
        }
        Ok(events.iter().zip(&fates).filter(|(_, fate)| **fate == Fate::Refused).map(|(event, _)| event.event_id).collect())
    }

    fn enqueue(&self, event: &Outgoing) -> Result<DeliveryFuture, KafkaError> {
        let topic = self.config.full_name(&event.topic);
        let mut record = FutureRecord::<[u8], [u8]>::to(&topic).key(event.key.as_slice()).headers(headers(event));
        record.payload = event.data.as_deref();
        record.partition = event.partition;
        self.inner.load().send_result(record).map_err(|(cause, _)| cause)
    }

    /// An idempotent producer that met a fatal error refuses everything from then on; another one takes its place.
    fn renew(&self) {
        tracing::warn!("the producer met a fatal error and is made anew");
        match client(&self.config, &self.name) {
            Ok(anew) => self.inner.store(Arc::new(anew)),
            Err(cause) => tracing::error!(%cause, "the producer cannot be made anew"),
        }
    }

    /// Puts a record among a service's dead letters, as it came, with the reason and where it stood.
    pub(crate) async fn bury(&self, dead_letters: &str, raw: &Raw, reason: Reason) -> Result<(), BusError> {
        self.keep(dead_letters, raw, &[(REASON, reason.name()), (FROM, &raw.origin.to_string())]).await
    }

    /// Hands a dead letter to its service once more.
    pub(crate) async fn redrive(&self, redrives: &str, raw: &Raw) -> Result<(), BusError> {
        self.keep(redrives, raw, &[(FROM, &raw.origin.to_string())]).await
    }

    async fn keep(&self, topic: &str, raw: &Raw, more: &[(&str, &str)]) -> Result<(), BusError> {
        let topic = self.config.full_name(topic);
        let headers = more.iter().fold(raw.headers.clone(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
        let mut record = FutureRecord::<[u8], [u8]>::to(&topic).headers(headers);
        record.key = raw.key.as_deref();
        record.payload = raw.payload.as_deref();
        let inner = self.inner.load_full();
        inner.send(record, Timeout::Never).await.map(drop).map_err(|(cause, _)| {
            if Fate::of(&cause) == Fate::Fatal {
                self.renew();
            }
            cause.into()
        })
    }

    /// Waits until everything that was queued is sent.
    pub async fn flush(&self) {
        let inner = self.inner.load_full();
        let flushed = tokio::task::spawn_blocking(move || inner.flush(Duration::from_secs(5))).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the producer did not send everything before it stopped");
        }
    }
}

fn client(config: &KafkaConfig, name: &str) -> Result<FutureProducer<Quiet>, KafkaError> {
    config
        .client(name)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // Below the lease of whoever waits: a relay that cannot get rid of its rows lets go of its lock.
        .set("delivery.timeout.ms", "8000")
        .set("request.timeout.ms", "4000")
        .set("linger.ms", "1")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "100000")
        .set("message.max.bytes", LONGEST.to_string())
        // The same key goes to the same partition as with Java's clients.
        .set("partitioner", "murmur2_random")
        .create_with_context(Quiet)
}

async fn fate(leaving: Result<DeliveryFuture, KafkaError>) -> Fate {
    let cause = match leaving {
        Err(cause) => cause,
        Ok(delivery) => match delivery.await {
            Ok(Ok(_)) => return Fate::Kept,
            Ok(Err((cause, _))) => cause,
            Err(_) => return Fate::NotKept,
        },
    };
    tracing::debug!(%cause, "an event was not kept");
    Fate::of(&cause)
}

/// Events in waves: the first of each key, then the second of each key, and so on. Most batches are one wave.
fn waves(events: &[Outgoing]) -> Vec<Vec<&Outgoing>> {
    let mut seen: HashMap<(&str, &[u8], Option<i32>), usize> = HashMap::with_capacity(events.len());
    let mut waves: Vec<Vec<&Outgoing>> = Vec::new();
    for event in events {
        let before = seen.entry((&event.topic, &event.key, event.partition)).or_default();
        if waves.len() == *before {
            waves.push(Vec::new());
        }
        waves[*before].push(event);
        *before += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::waves;
    use events::keyring::Shredded;
    use events::{Outgoing, topics};
    use kernel::{Clock, TenantId};

    fn of_key(key: u8) -> Outgoing {
        let clock = Clock::test("2026-11-24T09:00:00Z".parse().unwrap());
        Outgoing::new(&topics::SHREDDED, &[key; 16], TenantId::HOUSE, &clock, &Shredded::default())
    }

    #[test]
    fn an_event_waits_for_the_one_before_it_of_its_key_and_for_no_other() {
        let events: Vec<Outgoing> = [1, 2, 1, 3, 1, 2].map(of_key).into();
        let keys: Vec<Vec<u8>> = waves(&events).iter().map(|wave| wave.iter().map(|event| event.key[0]).collect()).collect();
        assert_eq!(keys, [vec![1, 2, 3], vec![1, 2], vec![1]]);
    }

    #[test]
    fn different_keys_are_one_wave() {
        let events: Vec<Outgoing> = (0..100).map(of_key).collect();
        assert_eq!(waves(&events).len(), 1);
    }

    #[test]
    fn the_watermarks_of_all_partitions_are_one_wave() {
        let marks: Vec<Outgoing> = (0..3).map(|partition| Outgoing { partition: Some(partition), ..of_key(1) }).collect();
        assert_eq!(waves(&marks).len(), 1);
    }
}
