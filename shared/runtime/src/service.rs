//! What every service runs in: its clock, its tasks by stage, its readiness, its metrics.

use kernel::{Clock, Service};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

/// The order in which a service stops: what takes work in goes first, what lets work out goes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// HTTP: refuses new requests, finishes those it has.
    Serve,
    /// Consumers, timers, jobs: finish what they have in hand.
    Work,
    /// Relay and producer: let out what is committed.
    Relay,
}

const STAGES: [Stage; 3] = [Stage::Serve, Stage::Work, Stage::Relay];

/// How long a stage may take before the next one stops all the same.
const PATIENCE: Duration = Duration::from_secs(10);

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

struct Part {
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Inner {
    service: Service,
    clock: Clock,
    instance: String,
    parts: [Part; 3],
    checks: Mutex<Vec<(&'static str, Check)>>,
    failed: CancellationToken,
    stopping: CancellationToken,
    metrics: prometheus::Registry,
}

/// A running service. Clones are handles to the same one.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

impl Runtime {
    pub fn new(service: Service, clock: Clock) -> Self {
        let part = || Part { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let labels = std::iter::once(("service".to_owned(), service.name().to_owned())).collect();
        Self(Arc::new(Inner {
            service,
            instance: kernel::EventId::new(&clock).to_string(),
            clock,
            parts: [part(), part(), part()],
            checks: Mutex::default(),
            failed: CancellationToken::new(),
            stopping: CancellationToken::new(),
            metrics: prometheus::Registry::new_custom(Some("mxtr".to_owned()), Some(labels)).expect("the prefix is not empty"),
        }))
    }

    pub fn service(&self) -> Service {
        self.0.service
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// This process, among those of the same service. Random at each start.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    pub fn metrics(&self) -> &prometheus::Registry {
        &self.0.metrics
    }

    /// The token that is cancelled when a stage has to stop.
    pub fn stop(&self, stage: Stage) -> CancellationToken {
        self.part(stage).stop.clone()
    }

    /// Runs a part of the service until its stage stops. A part that ends with an error, or ends early, fails the service: `/livez` says so.
    pub fn spawn<F>(&self, stage: Stage, name: &'static str, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = self.stop(stage);
        let task = tokio::spawn(part(stop.clone()));
        let this = self.clone();
        self.part(stage).tasks.spawn(async move {
            let why = match task.await {
                Ok(Ok(())) if stop.is_cancelled() => return,
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(cause)) => format!("{cause:#}"),
                Err(panic) => panic.to_string(),
            };
            error!(service = %this.service(), part = name, why, "part {name} failed");
            this.0.failed.cancel();
        });
    }

    /// The service is ready only while this holds. The text says what is waited for; nothing personal.
    pub fn ready_when(&self, name: &'static str, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.checks().push((name, Box::new(check)));
    }

    /// What keeps the service from being ready: (name, reason).
    pub fn unready(&self) -> Vec<(&'static str, String)> {
        if self.0.stopping.is_cancelled() {
            return vec![("stop", "the service is stopping".to_owned())];
        }
        self.checks().iter().filter_map(|(name, check)| check().err().map(|why| (*name, why))).collect()
    }

    pub fn is_alive(&self) -> bool {
        !self.0.failed.is_cancelled()
    }

    /// Waits until a part of the service has failed.
    pub async fn failed(&self) {
        self.0.failed.cancelled().await;
    }

    /// Not ready any more; then stops stage by stage, each drained before the next.
    pub async fn shut_down(&self) {
        self.0.stopping.cancel();
        for stage in STAGES {
            let part = self.part(stage);
            part.stop.cancel();
            part.tasks.close();
            if tokio::time::timeout(PATIENCE, part.tasks.wait()).await.is_err() {
                error!(service = %self.service(), ?stage, "a stage did not end in time");
            }
        }
        info!(service = %self.service(), "{} has stopped", self.service());
    }

    fn part(&self, stage: Stage) -> &Part {
        let [serve, work, relay] = &self.0.parts;
        match stage {
            Stage::Serve => serve,
            Stage::Work => work,
            Stage::Relay => relay,
        }
    }

    fn checks(&self) -> std::sync::MutexGuard<'_, Vec<(&'static str, Check)>> {
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({})", self.service())
    }
}
