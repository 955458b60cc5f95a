//! A worker a partition: handles its events in order, and waits there when it has to.

use crate::Producer;
use crate::dead_letters::Reason;
use crate::handler::{AnyHandler, Rejected};
use crate::metrics::Metrics;
use crate::record::Raw;
use crate::waiting::Waiting;
use events::Incoming;
use futures_util::FutureExt as _;
use kernel::Service;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Pauses between tries grow from here …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is handled together is no longer than this in bytes, unless it is one event.
const TOGETHER: usize = 1 << 20;

/// A record on its way through a worker.
pub(crate) struct Job {
    /// Who handles it; nobody, where a record came once more for a topic that is not heard any more.
    pub handler: Option<Arc<dyn AnyHandler>>,
    /// `None` where the record is no event of ours.
    pub event: Option<Incoming>,
    pub raw: Raw,
    /// Where it stands now.
    pub offset: i64,
}

/// What a worker needs.
pub(crate) struct Desk {
    pub service: Service,
    /// How many events are handled together; all of the same handler.
    pub most: usize,
    pub producer: Producer,
    pub dead_letters: &'static str,
    /// The partition is another process's now, or the service stops: what is left is not ours.
    pub over: CancellationToken,
    /// How much waits.
    pub waiting: Arc<Waiting>,
    /// Called with the offset of the last record that is settled.
    pub settled: Box<dyn Fn(i64) + Send + Sync>,
    pub metrics: Metrics,
}

enum Outcome {
    Done,
    Poison(Reason),
    Over,
}

impl Desk {
    /// Works until the queue ends or it is over; what is in hand is finished.
    pub async fn work(self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut taken = Vec::new();
        while !taken.is_empty() || self.over.run_until_cancelled(jobs.recv_many(&mut taken, self.most)).await.is_some() {
            let later = taken.split_off(together_at_most(&taken));
            let batch = std::mem::replace(&mut taken, later);
            let Some(last) = batch.last().map(|job| job.offset) else { return };
            let (records, bytes) = (batch.len(), batch.iter().map(|job| job.raw.bytes()).sum());
            if !self.settle(batch).await {
                return;
            }
            self.waiting.go(records, bytes);
            (self.settled)(last);
        }
    }

    /// Handles the jobs, however long it takes; `false` when it was over before.
    async fn settle(&self, jobs: Vec<Job>) -> bool {
        if jobs.len() > 1
            && let Some((handler, events)) = together(&jobs)
        {
            match self.try_until(handler.as_ref(), events).await {
                Outcome::Done => return true,
                Outcome::Over => return false,
                // Which of them it is shows one by one.
                Outcome::Poison(_) => {}
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
        let Some(event) = job.event else { return self.bury(&job.raw, Reason::UnreadableEnvelope).await };
        let Some(handler) = job.handler else { return self.bury(&job.raw, Reason::NotHeard).await };
        match self.try_until(handler.as_ref(), vec![event]).await {
            Outcome::Done => true,
            Outcome::Over => false,
            Outcome::Poison(reason) => self.bury(&job.raw, reason).await,
        }
    }

    async fn try_until(&self, handler: &dyn AnyHandler, events: Vec<Incoming>) -> Outcome {
        let mut pause = FIRST_PAUSE;
        while !self.over.is_cancelled() {
            match self.handle(handler, events.clone()).await {
                Ok(Ok(())) => return Outcome::Done,
                Ok(Err(Rejected::Poison(cause))) => {
                    tracing::error!(cause = %format!("{cause:#}"), events = events.len(), "an event cannot be handled");
                    return Outcome::Poison(Reason::RefusedByHandler);
                }
                Ok(Err(Rejected::Retry(cause))) => {
                    self.metrics.retries.inc();
                    tracing::warn!(cause = %format!("{cause:#}"), ?pause, "an event is tried again after a pause");
                    self.over.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(_panic) => {
                    tracing::error!(events = events.len(), "a handler panicked");
                    return Outcome::Poison(Reason::HandlerPanicked);
                }
            }
        }
        Outcome::Over
    }

    /// Handles events within the trace of whoever caused the first, with links to those who caused the others.
    async fn handle(&self, handler: &dyn AnyHandler, events: Vec<Incoming>) -> std::thread::Result<Result<(), Rejected>> {
        let Some(first) = events.first() else { return Ok(Ok(())) };
        let (service, topic, kind) = (self.service.name(), first.topic.as_str(), first.event_type.as_str());
        let name = format!("process {topic}");
        let span = tracing::info_span!("event", otel.name = name, otel.kind = "consumer", service, topic, kind, events = events.len());
        runtime::telemetry::set_parents(&span, events.iter().filter_map(|event| event.traceparent.as_deref()));
        // Called inside, so that a panic before the first await is caught too. A handler's effect is a transaction, which a panic rolls back.
        AssertUnwindSafe(async { handler.handle_batch(events).await }.instrument(span)).catch_unwind().await
    }

    /// A dead letter is kept before the offset moves on; without a broker that takes as long as it takes.
    async fn bury(&self, raw: &Raw, reason: Reason) -> bool {
        while let Err(cause) = self.producer.bury(self.dead_letters, raw, reason).await {
            tracing::warn!(%cause, "a dead letter was not kept and is tried again");
            if self.over.run_until_cancelled(tokio::time::sleep(FIRST_PAUSE)).await.is_none() {
                return false;
            }
        }
        tracing::error!(from = %raw.origin, reason = reason.name(), "a record became a dead letter");
        self.metrics.dead.inc();
        true
    }
}

/// How many of the jobs are taken together: as many as fit, and one in any case.
fn together_at_most(jobs: &[Job]) -> usize {
    let mut bytes = 0;
    let fits = |job: &&Job| {
        bytes += job.raw.bytes();
        bytes <= TOGETHER
    };
    jobs.iter().take_while(fits).count().max(1).min(jobs.len())
}

/// The events of jobs that can be handled together: all readable.
fn together(jobs: &[Job]) -> Option<(Arc<dyn AnyHandler>, Vec<Incoming>)> {
    let handler = jobs.first()?.handler.clone()?;
    let events: Option<Vec<Incoming>> = jobs.iter().map(|job| job.event.clone()).collect();
    Some((handler, events?))
}
