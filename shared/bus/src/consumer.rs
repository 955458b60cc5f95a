//! The consumer of a service: one group, a worker a partition, back-pressure by pausing.

use crate::client::Quiet;
use crate::handler::{AnyHandler, Handler};
use crate::record::{self, Raw};
use crate::worker::{Desk, Job};
use crate::{BusError, KafkaConfig, Producer};
use events::topics;
use prometheus::{IntCounter, IntGaugeVec, Opts};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientContext, Message as _, TopicPartitionList};
use runtime::{Runtime, Stage};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// With so many records waiting, a partition is paused …
const HIGH: usize = 4_000;
/// … until no more than so many are.
const LOW: usize = 500;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A consumer that is being put together.
pub struct Consumer {
    runtime: Runtime,
    producer: Producer,
    handlers: HashMap<String, Arc<dyn AnyHandler>>,
}

type Workers = Arc<Mutex<HashMap<(String, i32), Worker>>>;

struct Worker {
    jobs: mpsc::UnboundedSender<Job>,
    waiting: Arc<AtomicUsize>,
    revoked: Arc<AtomicBool>,
    paused: bool,
}

/// Ends the workers of partitions that go to another process.
struct Rebalancing {
    workers: Workers,
}

impl ClientContext for Rebalancing {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }
}

impl ConsumerContext for Rebalancing {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            for partition in partitions.elements() {
                if let Some(worker) = workers.remove(&(partition.topic().to_owned(), partition.partition())) {
                    worker.revoked.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

impl Consumer {
    pub fn new(runtime: &Runtime, producer: &Producer) -> Self {
        Self { runtime: runtime.clone(), producer: producer.clone(), handlers: HashMap::new() }
    }

    /// Hears the topics of this handler too.
    #[must_use]
    pub fn with(mut self, handler: impl Handler) -> Self {
        let handler: Arc<dyn AnyHandler> = Arc::new(handler);
        for topic in handler.topics() {
            let name = self.producer.config().full_name(topic.name);
            assert!(self.handlers.insert(name, handler.clone()).is_none(), "a topic has one handler in a service");
        }
        self
    }

    /// Begins to hear; the group is the service's name.
    ///
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn spawn(self) -> Result<(), BusError> {
        let config = self.producer.config().clone();
        let service = self.runtime.service();
        let workers = Workers::default();
        let consumer: StreamConsumer<Rebalancing> = config
            .client(service.name())
            .set("group.id", format!("{}{service}", config.group_prefix))
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1500")
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(Rebalancing { workers: workers.clone() })?;
        let names: Vec<&str> = self.handlers.keys().map(String::as_str).collect();
        consumer.subscribe(&names)?;
        let metrics = Metrics::new(&self.runtime);
        let runtime = self.runtime.clone();
        runtime.spawn(Stage::Work, "consumer", |stop| {
            Hearing { consumer: Arc::new(consumer), config, handlers: self.handlers, producer: self.producer, runtime: self.runtime, workers, metrics, stop }.run()
        });
        Ok(())
    }
}

struct Metrics {
    waiting: IntGaugeVec,
    retries: IntCounter,
    dead: IntCounter,
}

impl Metrics {
    fn new(runtime: &Runtime) -> Self {
        let waiting = IntGaugeVec::new(Opts::new("events_waiting", "records fetched and not yet handled"), &["topic"]).expect("the name is valid");
        let retries = IntCounter::new("events_retried_total", "tries of an event that had to be repeated").expect("the name is valid");
        let dead = IntCounter::new("events_dead_total", "records that became dead letters").expect("the name is valid");
        for collector in [Box::new(waiting.clone()) as Box<dyn prometheus::core::Collector>, Box::new(retries.clone()), Box::new(dead.clone())] {
            if runtime.metrics().register(collector).is_err() {
                tracing::debug!("a metric was registered before");
            }
        }
        Self { waiting, retries, dead }
    }
}

struct Hearing {
    consumer: Arc<StreamConsumer<Rebalancing>>,
    config: KafkaConfig,
    handlers: HashMap<String, Arc<dyn AnyHandler>>,
    producer: Producer,
    runtime: Runtime,
    workers: Workers,
    metrics: Metrics,
    stop: CancellationToken,
}

impl Hearing {
    async fn run(self) -> anyhow::Result<()> {
        let mut look = tokio::time::interval(LOOK_AGAIN);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                _ = look.tick() => self.resume(),
                message = self.consumer.recv() => match message {
                    Ok(message) => self.take(&message),
                    Err(cause) => tracing::debug!(%cause, "the broker cannot be heard"),
                },
            }
        }
        // Handled records whose offsets are not committed would come again; harmless, but avoidable.
        let consumer = self.consumer.clone();
        drop(tokio::task::spawn_blocking(move || consumer.commit_consumer_state(rdkafka::consumer::CommitMode::Sync)).await);
        Ok(())
    }

    fn take(&self, message: &BorrowedMessage<'_>) {
        let (topic, partition) = (message.topic(), message.partition());
        let name = self.config.short_name(topic);
        let event = record::incoming(name, message).inspect_err(|cause| tracing::error!(topic = name, %cause, "a record cannot be read")).ok();
        let job = Job { event, raw: Raw::of(name, message) };
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let worker = workers.entry((topic.to_owned(), partition)).or_insert_with(|| self.hire(topic, partition));
        let waiting = worker.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        if worker.jobs.send(job).is_err() {
            tracing::debug!(topic = name, "the worker has stopped");
        }
        if waiting >= HIGH && !worker.paused {
            worker.paused = self.consumer.pause(&only(topic, partition)).is_ok();
        }
    }

    fn hire(&self, topic: &str, partition: i32) -> Worker {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (waiting, revoked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (consumer, name) = (self.consumer.clone(), topic.to_owned());
        let desk = Desk {
            handler: self.handlers.get(topic).expect("only subscribed topics are heard").clone(),
            producer: self.producer.clone(),
            dead_letters: topics::dead_letters(self.runtime.service()).name.to_owned(),
            stop: self.stop.clone(),
            revoked: revoked.clone(),
            waiting: waiting.clone(),
            settled: Box::new(move |offset| {
                if let Err(cause) = consumer.store_offset(&name, partition, offset) {
                    tracing::debug!(%cause, "the partition is another process's now");
                }
            }),
            retries: self.metrics.retries.clone(),
            dead: self.metrics.dead.clone(),
        };
        self.runtime.spawn(Stage::Work, "worker", |_| async move {
            desk.work(queue).await;
            Ok(())
        });
        Worker { jobs, waiting, revoked, paused: false }
    }

    /// Takes up again what was paused, and says how much waits.
    fn resume(&self) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((topic, partition), worker) in workers.iter_mut() {
            let waiting = worker.waiting.load(Ordering::Relaxed);
            let name = self.config.short_name(topic);
            self.metrics.waiting.with_label_values(&[name]).set(i64::try_from(waiting).unwrap_or(i64::MAX));
            if worker.paused && waiting <= LOW {
                worker.paused = self.consumer.resume(&only(topic, *partition)).is_err();
            }
        }
    }
}

fn only(topic: &str, partition: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    list
}
