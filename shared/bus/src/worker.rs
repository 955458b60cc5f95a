//! A worker a partition: handles its events in order, and waits there when it has to.

use crate::Producer;
use crate::handler::{AnyHandler, Rejected};
use crate::record::Raw;
use events::Incoming;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Pauses between tries grow from here …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A record on its way through a worker.
pub(crate) struct Job {
    pub event: Option<Incoming>,
    pub raw: Raw,
}

/// What a worker needs.
pub(crate) struct Desk {
    pub handler: Arc<dyn AnyHandler>,
    pub producer: Producer,
    pub dead_letters: String,
    pub stop: CancellationToken,
    /// The partition is another process's now: what is left is not ours.
    pub revoked: Arc<AtomicBool>,
    /// How many records wait.
    pub waiting: Arc<AtomicUsize>,
    /// Called with the offset of the last record that is settled.
    pub settled: Box<dyn Fn(i64) + Send + Sync>,
    pub retries: prometheus::IntCounter,
    pub dead: prometheus::IntCounter,
}

impl Desk {
    pub async fn work(self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let most = self.handler.max_batch();
        let mut batch = Vec::new();
        while let Some(count) = self.stop.run_until_cancelled(jobs.recv_many(&mut batch, most)).await {
            if count == 0 {
                return;
            }
            let Some(last) = batch.last().map(|job| job.raw.offset) else { continue };
            let jobs = std::mem::take(&mut batch);
            if !self.settle(jobs).await {
                return;
            }
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            (self.settled)(last);
        }
    }

    /// Handles the jobs, however long it takes; `false` when it had to stop before.
    async fn settle(&self, jobs: Vec<Job>) -> bool {
        let readable = jobs.iter().all(|job| job.event.is_some());
        if jobs.len() > 1 && readable {
            let events: Vec<Incoming> = jobs.iter().filter_map(|job| job.event.clone()).collect();
            match self.try_until(&events).await {
                Outcome::Done => return true,
                Outcome::Stopped => return false,
                Outcome::Poison => {}
            }
        }
        for job in jobs {
            if !self.settle_one(job).await {
                return false;
            }
        }
        true
    }

    async fn settle_one(&self, job: Job) -> bool {
        let Some(event) = job.event else { return self.bury(&job.raw, "unreadable-envelope").await };
        match self.try_until(std::slice::from_ref(&event)).await {
            Outcome::Done => true,
            Outcome::Stopped => false,
            Outcome::Poison => self.bury(&job.raw, "refused-by-handler").await,
        }
    }

    async fn try_until(&self, events: &[Incoming]) -> Outcome {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.revoked.load(Ordering::Relaxed) {
                return Outcome::Stopped;
            }
            match self.handle(events).await {
                Ok(()) => return Outcome::Done,
                Err(Rejected::Poison(cause)) => {
                    if events.len() == 1 {
                        tracing::error!(cause = %format!("{cause:#}"), "an event cannot be handled and becomes a dead letter");
                    }
                    return Outcome::Poison;
                }
                Err(Rejected::Retry(cause)) => {
                    self.retries.inc();
                    tracing::warn!(cause = %format!("{cause:#}"), ?pause, "an event is tried again after a pause");
                    if self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        return Outcome::Stopped;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn handle(&self, events: &[Incoming]) -> Result<(), Rejected> {
        let Some(first) = events.first() else { return Ok(()) };
        let span = tracing::info_span!("event", topic = first.topic, kind = first.event_type, events = events.len());
        runtime::telemetry::set_parent(&span, first.traceparent.as_deref());
        self.handler.handle_batch(events.to_vec()).instrument(span).await
    }

    /// A dead letter is kept before the offset moves on; without a broker that takes as long as it takes.
    async fn bury(&self, raw: &Raw, reason: &'static str) -> bool {
        while self.producer.bury(&self.dead_letters, raw, reason).await.is_err() {
            if self.stop.run_until_cancelled(tokio::time::sleep(FIRST_PAUSE)).await.is_none() {
                return false;
            }
        }
        self.dead.inc();
        true
    }
}

enum Outcome {
    Done,
    Poison,
    Stopped,
}
