//! The consumer of a service: one group, a worker a partition, back-pressure by pausing.

use crate::handler::{AnyHandler, Handler};
use crate::metrics::Metrics;
use crate::rebalance::{Rebalancing, Worker, Workers};
use crate::record::{self, FROM, Origin, Raw};
use crate::waiting::Waiting;
use crate::worker::{Desk, Job};
use crate::{BusError, KafkaConfig, Producer};
use events::topics;
use kernel::Service;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, TopicPartitionList};
use runtime::{Runtime, Stage};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest answer of the broker; an event that is longer comes alone.
pub(crate) const FETCH: usize = 4 << 20;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A consumer that is being put together.
pub struct Consumer {
    runtime: Runtime,
    producer: Producer,
    handlers: HashMap<String, Arc<dyn AnyHandler>>,
}

impl Consumer {
    pub fn new(runtime: &Runtime, producer: &Producer) -> Self {
        Self { runtime: runtime.clone(), producer: producer.clone(), handlers: HashMap::new() }
    }

    /// Hears the topics of this handler too.
    ///
    /// # Panics
    /// When a topic has two handlers.
    #[must_use]
    pub fn with(mut self, handler: impl Handler) -> Self {
        let handler: Arc<dyn AnyHandler> = Arc::new(handler);
        for topic in handler.topics() {
            let before = self.handlers.insert(topic.name.to_owned(), handler.clone());
            assert!(before.is_none(), "a topic has one handler in a service");
        }
        self
    }

    /// Begins to hear; the group is the service's name. What the service hears once more ([`crate::dead_letters::redrive`]) is heard too.
    ///
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn spawn(self) -> Result<(), BusError> {
        let Self { runtime, producer, handlers } = self;
        let (config, service) = (producer.config().clone(), runtime.service());
        let (workers, metrics) = (Workers::default(), Metrics::new(&runtime));
        let redrives = topics::redrives(service).name;
        let context = Rebalancing { workers: workers.clone(), metrics: metrics.clone(), config: config.clone() };
        let consumer: StreamConsumer<Rebalancing> = config
            .client(service.name())
            .set("group.id", config.group(service.name()))
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1500")
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.max.bytes", FETCH.to_string())
            .set("statistics.interval.ms", "5000")
            .create_with_context(context)?;
        let names: Vec<String> = handlers.keys().map(String::as_str).chain([redrives]).map(|name| config.full_name(name)).collect();
        consumer.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        let dead_letters = topics::dead_letters(service).name;
        let shared = Shared { service, consumer: Arc::new(consumer), config, handlers, producer, metrics, redrives, dead_letters };
        runtime.spawn(Stage::Work, "consumer", |stop| Hearing { shared, workers, tasks: TaskTracker::new(), stop }.run());
        Ok(())
    }
}

struct Shared {
    service: Service,
    consumer: Arc<StreamConsumer<Rebalancing>>,
    config: KafkaConfig,
    /// By the topic's name, without the prefix.
    handlers: HashMap<String, Arc<dyn AnyHandler>>,
    producer: Producer,
    metrics: Metrics,
    redrives: &'static str,
    dead_letters: &'static str,
}

struct Hearing {
    shared: Shared,
    workers: Workers,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Hearing {
    async fn run(self) -> anyhow::Result<()> {
        let mut look = tokio::time::interval(LOOK_AGAIN);
        let ended = loop {
            tokio::select! {
                () = self.stop.cancelled() => break Ok(()),
                _ = look.tick() => self.resume(),
                message = self.shared.consumer.recv() => match message {
                    Ok(message) => if !self.take(&message) { break Err(anyhow::anyhow!("a worker has ended")) },
                    Err(cause @ KafkaError::MessageConsumptionFatal(_)) => break Err(cause.into()),
                    Err(cause) => tracing::debug!(%cause, "the broker cannot be heard"),
                },
            }
        };
        self.leave().await;
        ended
    }

    /// Lets the workers finish what they have in hand, says how far they came, and leaves the group, so that others take over at once.
    async fn leave(self) {
        for worker in self.workers.lock().values() {
            worker.over.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
        let consumer = self.shared.consumer;
        let left = tokio::task::spawn_blocking(move || {
            // Nothing was handled since the last commit: nothing to say.
            let _said = consumer.commit_consumer_state(CommitMode::Sync);
        });
        if left.await.is_err() {
            tracing::warn!("the group was not left in order");
        }
    }

    /// Hands a record to its worker; `false` when that one has ended, which it does only when it is over.
    fn take(&self, message: &BorrowedMessage<'_>) -> bool {
        let job = self.job(message);
        let (topic, partition) = (message.topic(), message.partition());
        let mut workers = self.workers.lock();
        let worker = workers.entry((topic.to_owned(), partition)).or_insert_with(|| self.hire(topic, partition));
        worker.waiting.come(job.raw.bytes());
        let works = worker.jobs.send(job).is_ok() || worker.over.is_cancelled();
        if worker.waiting.is_too_much() && !worker.paused {
            worker.paused = self.shared.consumer.pause(&only(topic, partition)).is_ok();
        }
        works
    }

    fn job(&self, message: &BorrowedMessage<'_>) -> Job {
        let name = self.shared.config.short_name(message.topic());
        let here = || Origin { topic: name.to_owned(), partition: message.partition(), offset: message.offset() };
        let once_more = (name == self.shared.redrives).then(|| record::header(message, FROM)?.parse().ok()).flatten();
        let origin = once_more.unwrap_or_else(here);
        let event =
            record::incoming(&origin, message).inspect_err(|cause| tracing::error!(topic = name, %cause, "a record cannot be read")).ok();
        let handler = self.shared.handlers.get(&origin.topic).cloned();
        let raw = Raw::of(origin, message, event.as_ref());
        Job { handler, event, raw, offset: message.offset() }
    }

    fn hire(&self, topic: &str, partition: i32) -> Worker {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (waiting, over) = (Arc::new(Waiting::default()), self.stop.child_token());
        let (consumer, name) = (Arc::downgrade(&self.shared.consumer), topic.to_owned());
        let (stop, gone) = (self.stop.clone(), over.clone());
        let settled = move |offset| {
            // Revoked: the partition may have come back to us under another worker, whose offsets must not go backwards.
            let ours = stop.is_cancelled() || !gone.is_cancelled();
            if let Some(consumer) = consumer.upgrade().filter(|_| ours)
                && let Err(cause) = consumer.store_offset(&name, partition, offset)
            {
                tracing::debug!(%cause, "the partition is another process's now");
            }
        };
        let desk = Desk {
            service: self.shared.service,
            // Without a handler: what came once more, of any topic.
            most: self.shared.handlers.get(self.shared.config.short_name(topic)).map_or(1, |handler| handler.max_batch()),
            producer: self.shared.producer.clone(),
            dead_letters: self.shared.dead_letters,
            over: over.clone(),
            waiting: waiting.clone(),
            settled: Box::new(settled),
            metrics: self.shared.metrics.clone(),
        };
        self.tasks.spawn(desk.work(queue));
        Worker { jobs, waiting, over, paused: false }
    }

    /// Takes up again what was paused, and says how much waits.
    fn resume(&self) {
        for ((topic, partition), worker) in self.workers.lock().iter_mut() {
            let (metrics, labels) = (&self.shared.metrics, [self.shared.config.short_name(topic), &partition.to_string()]);
            for (gauge, waiting) in [(&metrics.waiting, worker.waiting.records()), (&metrics.waiting_bytes, worker.waiting.bytes())] {
                gauge.with_label_values(&labels).set(i64::try_from(waiting).unwrap_or(i64::MAX));
            }
            if worker.paused && worker.waiting.is_little() {
                worker.paused = self.shared.consumer.resume(&only(topic, *partition)).is_err();
            }
        }
    }
}

fn only(topic: &str, partition: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    list
}
