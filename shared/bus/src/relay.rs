//! The relay: what is committed reaches the broker, in order; and once a second, that it has.

use crate::{BusError, Producer};
use db::{Db, outbox};
use events::platform::Watermark;
use events::{Outgoing, Topic, topics};
use kernel::{EventId, TenantId, micros};
use runtime::{Runtime, Stage};
use std::time::Duration;
use tokio::time::Instant;

/// Rows a transaction at most; a row may carry thousands of events.
const ROWS: i64 = 100;
/// Commits within this time share a round.
const DEBOUNCE: Duration = Duration::from_millis(1);
/// Rows of another process, or of a crash, are found by looking.
const LOOK: Duration = Duration::from_millis(250);
const WATERMARK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Runs a service's relay until its last stage stops. Its watermarked topics get a watermark a second, whenever everything before it is published.
pub fn spawn_relay(runtime: &Runtime, db: &Db, producer: &Producer) {
    let watermarked: Vec<&'static Topic> = topics::written_by(runtime.service()).into_iter().filter(|topic| topic.watermarked).collect();
    let (db, producer) = (db.clone(), producer.clone());
    runtime.spawn(Stage::Relay, "relay", |stop| async move {
        let mut relay = Relay { db, producer, watermarked, next_watermark: Instant::now(), pause: Duration::ZERO };
        let signal = relay.db.outbox_signal();
        while !stop.is_cancelled() {
            relay.round().await;
            let wait = async {
                tokio::time::sleep(relay.pause).await;
                drop(tokio::time::timeout(LOOK, signal.notified()).await);
                tokio::time::sleep(DEBOUNCE).await;
            };
            stop.run_until_cancelled(wait).await;
        }
        // What was committed until now goes out with us; the rest waits in its table for the next start.
        relay.pause = Duration::ZERO;
        relay.round().await;
        relay.producer.flush().await;
        Ok(())
    });
}

struct Relay {
    db: Db,
    producer: Producer,
    watermarked: Vec<&'static Topic>,
    next_watermark: Instant,
    pause: Duration,
}

impl Relay {
    /// Publishes until nothing is left.
    async fn round(&mut self) {
        loop {
            let done = outbox::relay_batch(&self.db, ROWS, async |events: Vec<Outgoing>| produced(self.producer.send(&events).await)).await;
            match done {
                Ok(relayed) => {
                    self.pause = Duration::ZERO;
                    if let Some(until) = relayed.published_until {
                        return self.watermark(until).await;
                    }
                    if relayed.rows == 0 {
                        return;
                    }
                }
                Err(cause) => {
                    self.pause = (self.pause * 2).clamp(Duration::from_millis(50), LONGEST_PAUSE);
                    tracing::warn!(cause = %chain(&cause), pause = ?self.pause, "what was committed could not be published yet");
                    return;
                }
            }
        }
    }

    async fn watermark(&mut self, until: kernel::Timestamp) {
        if self.watermarked.is_empty() || Instant::now() < self.next_watermark {
            return;
        }
        let clock = self.db.clock();
        let mark = Watermark { published_until_us: micros(until) };
        let marks: Vec<Outgoing> = self
            .watermarked
            .iter()
            .flat_map(|topic| (0..topic.partitions).map(|partition| (*topic, partition)))
            .map(|(topic, partition)| Outgoing {
                partition: Some(partition),
                ..Outgoing::new(topic, crate::views::WATERMARK_KEY, TenantId::HOUSE, clock, &mark)
            })
            .collect();
        match self.producer.send(&marks).await {
            Ok(()) => self.next_watermark = Instant::now() + WATERMARK,
            Err(cause) => tracing::debug!(cause = %chain(&cause), "a watermark was not kept"),
        }
    }
}

/// Which events the broker will never keep; the others it has.
fn produced(sent: Result<(), BusError>) -> Result<Vec<EventId>, BusError> {
    match sent {
        Ok(()) => Ok(Vec::new()),
        Err(BusError::Refused(events)) => Ok(events),
        Err(other) => Err(other),
    }
}

fn chain(error: &BusError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
