//! Views: a compacted topic as a map in memory, which knows how old it is.

use crate::client::Quiet;
use crate::{BusError, KafkaConfig, record};
use events::consent::PersonState;
use events::identity::{Principal, Tenant};
use events::keyring::Shredded;
use events::platform::{ClockSet, Watermark};
use events::{Event, Incoming, Topic};
use kernel::{Clock, Timestamp, from_micros};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use runtime::{Runtime, Stage};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// The key of watermarks: they stand in a compacted topic like everything else, and only the newest of each partition stays.
pub(crate) const WATERMARK_KEY: &[u8] = b"watermark";
const ASK: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// So many changes may wait for a slow listener before it has to look for itself.
const CHANGES: usize = 65_536;

/// A message that is the whole state of its key.
pub trait State: Event + Send + Sync + 'static {
    /// Grows with each change of the same key.
    fn version(&self) -> i64;
}

impl State for Tenant {
    fn version(&self) -> i64 {
        self.version
    }
}

impl State for Principal {
    fn version(&self) -> i64 {
        self.version
    }
}

impl State for PersonState {
    fn version(&self) -> i64 {
        self.version
    }
}

impl State for Shredded {
    fn version(&self) -> i64 {
        self.shredded_at_us
    }
}

impl State for ClockSet {
    fn version(&self) -> i64 {
        self.now_us
    }
}

/// What is known is older than the lease allows: nothing may be decided on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is known of {topic} is too old to decide on")]
pub struct Stale {
    pub topic: &'static str,
}

/// A key's new state was taken in; without a version, the key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: [u8; 16],
    pub version: Option<i64>,
}

/// The newest state of each key of a topic.
pub struct View<V> {
    topic: &'static Topic,
    states: papaya::HashMap<[u8; 16], Arc<V>>,
    marks: Vec<AtomicI64>,
    ready: AtomicBool,
    changes: broadcast::Sender<Change>,
    /// Counts what was taken in, so that somebody can wait for more.
    taken: watch::Sender<u64>,
}

impl<V: State> View<V> {
    fn new(topic: &'static Topic) -> Self {
        Self {
            topic,
            states: papaya::HashMap::new(),
            marks: (0..topic.partitions).map(|_| AtomicI64::new(i64::MIN)).collect(),
            ready: AtomicBool::new(false),
            changes: broadcast::channel(CHANGES).0,
            taken: watch::channel(0).0,
        }
    }

    /// The state of a key, when there is one.
    pub fn get(&self, key: &[u8; 16]) -> Option<Arc<V>> {
        self.states.pin().get(key).cloned()
    }

    /// How many keys have a state.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Every state there is; for lists that are small.
    pub fn all(&self) -> Vec<Arc<V>> {
        self.states.pin().values().cloned().collect()
    }

    /// Whether everything that stood in the topic at the start has been taken in.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Everything its publisher recorded up to here is in the view, by the publisher's real clock.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.marks.iter().map(|mark| mark.load(Ordering::Acquire)).min().filter(|mark| *mark > i64::MIN).and_then(from_micros)
    }

    /// Whether the view may be decided on: ready, and not older than the lease. The publisher's clock and ours may differ, so the lease must be longer
    /// than any skew between them.
    ///
    /// # Errors
    /// [`Stale`].
    pub fn fresh(&self, lease: Duration) -> Result<(), Stale> {
        let stale = Stale { topic: self.topic.name };
        let mark = self.watermark().filter(|_| self.is_ready()).ok_or(stale)?;
        let age = Clock::real_now().duration_since(mark);
        if u128::try_from(age.as_millis()).unwrap_or(0) <= lease.as_millis() { Ok(()) } else { Err(stale) }
    }

    /// The state of a key, waiting for it if need be.
    pub async fn wait_for(&self, key: &[u8; 16], patience: Duration) -> Option<Arc<V>> {
        let mut taken = self.taken.subscribe();
        let looking = async {
            loop {
                if let Some(state) = self.get(key) {
                    return Some(state);
                }
                taken.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, looking).await.ok().flatten()
    }

    /// Hears of each state that is taken in from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    fn take(&self, event: &Incoming) {
        let Ok(key) = <[u8; 16]>::try_from(event.key.as_slice()) else {
            tracing::error!(topic = self.topic.name, "a state has a key that is no id");
            return;
        };
        let version = if event.is_tombstone() {
            self.states.pin().remove(&key);
            None
        } else {
            match event.decode::<V>() {
                Ok(state) => {
                    let version = state.version();
                    if !self.replace(key, state) {
                        return;
                    }
                    Some(version)
                }
                // Fail closed: what cannot be read is not known, and what is not known is denied.
                Err(cause) => {
                    tracing::error!(topic = self.topic.name, %cause, "a state cannot be read and is not known any more");
                    self.states.pin().remove(&key);
                    None
                }
            }
        };
        // Nobody listens: nothing to tell.
        let _listeners = self.changes.send(Change { key, version });
        self.taken.send_modify(|taken| *taken += 1);
    }

    /// An older version never replaces a newer one.
    fn replace(&self, key: [u8; 16], state: V) -> bool {
        let states = self.states.pin();
        if states.get(&key).is_some_and(|known| known.version() > state.version()) {
            tracing::warn!(topic = self.topic.name, "an older state came after a newer one");
            return false;
        }
        states.insert(key, Arc::new(state));
        true
    }
}

/// A view of any type, as its reader sees it.
trait AnyView: Send + Sync {
    fn topic(&self) -> &'static Topic;
    fn take(&self, event: &Incoming);
    fn mark(&self, partition: i32, until_us: i64);
    fn set_ready(&self);
}

impl<V: State> AnyView for View<V> {
    fn topic(&self) -> &'static Topic {
        self.topic
    }

    fn take(&self, event: &Incoming) {
        View::take(self, event);
    }

    fn mark(&self, partition: i32, until_us: i64) {
        if let Some(mark) = usize::try_from(partition).ok().and_then(|partition| self.marks.get(partition)) {
            mark.fetch_max(until_us, Ordering::AcqRel);
        }
    }

    fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }
}

/// The views of a service: one reader for all of them. Every process reads all partitions, so each knows the whole.
pub struct Views {
    runtime: Runtime,
    config: KafkaConfig,
    views: HashMap<String, Arc<dyn AnyView>>,
}

impl Views {
    pub fn new(runtime: &Runtime, config: &KafkaConfig) -> Self {
        Self { runtime: runtime.clone(), config: config.clone(), views: HashMap::new() }
    }

    /// A view of this topic. The service is not ready before it is.
    pub fn add<V: State>(&mut self, topic: &'static Topic) -> Arc<View<V>> {
        let view = Arc::new(View::new(topic));
        let (name, waits) = (topic.name, view.clone());
        self.runtime.ready_when(name, move || if waits.is_ready() { Ok(()) } else { Err(format!("{name} has not been read to its end")) });
        self.views.insert(self.config.full_name(name), view.clone());
        view
    }

    /// Begins to read.
    ///
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn spawn(self) -> Result<(), BusError> {
        if self.views.is_empty() {
            return Ok(());
        }
        let consumer: StreamConsumer<Quiet> = self
            .config
            .client(self.runtime.service().name())
            .set("group.id", format!("view-{}", self.runtime.instance()))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.wait.max.ms", "500")
            .create_with_context(Quiet)?;
        let reader = Reader { consumer: Arc::new(consumer), config: self.config, views: self.views, behind: Mutex::default() };
        self.runtime.spawn(Stage::Work, "views", |stop| reader.run(stop));
        Ok(())
    }
}

struct Reader {
    consumer: Arc<StreamConsumer<Quiet>>,
    config: KafkaConfig,
    views: HashMap<String, Arc<dyn AnyView>>,
    /// For each partition, up to where it has to be read before its view is ready.
    behind: Mutex<HashMap<(String, i32), i64>>,
}

impl Reader {
    async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Some(()) = stop.run_until_cancelled(self.assign()).await else { return Ok(()) };
        self.say_ready();
        while let Some(message) = stop.run_until_cancelled(self.consumer.recv()).await {
            match message {
                Ok(message) => self.take(&message),
                Err(cause) => tracing::debug!(%cause, "the broker cannot be heard"),
            }
        }
        Ok(())
    }

    /// Asks for the ends until the broker answers, then reads everything from the beginning.
    async fn assign(&self) {
        loop {
            let (consumer, topics) = (self.consumer.clone(), self.partitions());
            let ends = tokio::task::spawn_blocking(move || {
                let end = |(topic, partition): (String, i32)| {
                    let (low, high) = consumer.fetch_watermarks(&topic, partition, ASK)?;
                    Ok::<_, rdkafka::error::KafkaError>(((topic, partition), if high > low { high } else { 0 }))
                };
                topics.into_iter().map(end).collect::<Result<HashMap<_, _>, _>>()
            })
            .await;
            match ends {
                Ok(Ok(ends)) => {
                    let mut list = TopicPartitionList::new();
                    let added = ends.keys().try_for_each(|(topic, partition)| list.add_partition_offset(topic, *partition, Offset::Beginning));
                    if added.is_ok() && self.consumer.assign(&list).is_ok() {
                        *self.behind() = ends.into_iter().filter(|(_, end)| *end > 0).collect();
                        return;
                    }
                }
                Ok(Err(cause)) => tracing::debug!(%cause, "the ends of the topics are not known yet"),
                Err(cause) => tracing::debug!(%cause, "the question was given up"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn partitions(&self) -> Vec<(String, i32)> {
        self.views.iter().flat_map(|(name, view)| (0..view.topic().partitions).map(move |partition| (name.clone(), partition))).collect()
    }

    fn behind(&self) -> std::sync::MutexGuard<'_, HashMap<(String, i32), i64>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: &rdkafka::message::BorrowedMessage<'_>) {
        let Some(view) = self.views.get(message.topic()) else { return };
        match record::incoming(self.config.short_name(message.topic()), message) {
            Ok(event) if event.event_type == Watermark::TYPE => {
                if let Ok(mark) = event.decode::<Watermark>() {
                    view.mark(event.partition, mark.published_until_us);
                }
            }
            Ok(event) => view.take(&event),
            Err(cause) => tracing::error!(topic = view.topic().name, %cause, "a record cannot be read"),
        }
        let mut behind = self.behind();
        if !behind.is_empty() {
            let place = (message.topic().to_owned(), message.partition());
            if behind.get(&place).is_some_and(|end| message.offset() + 1 >= *end) {
                behind.remove(&place);
                drop(behind);
                self.say_ready();
            }
        }
    }

    fn say_ready(&self) {
        let behind = self.behind();
        for (name, view) in &self.views {
            if !behind.keys().any(|(topic, _)| topic == name) {
                view.set_ready();
            }
        }
    }
}
