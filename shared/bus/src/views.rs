//! One reader for all views of a service.

use crate::client::Quiet;
use crate::consumer::FETCH;
use crate::record::{self, Origin};
use crate::view::AnyView;
use crate::{BusError, KafkaConfig, State, View};
use events::platform::Watermark;
use events::{Event as _, Topic};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use runtime::{Runtime, Stage};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The key of watermarks: they stand in a compacted topic like everything else, and only the newest of each partition stays.
pub(crate) const WATERMARK_KEY: &[u8] = b"watermark";
const ASK: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The views of a service: one reader for all of them. Every process reads all partitions, so each knows the whole.
pub struct Views {
    runtime: Runtime,
    config: KafkaConfig,
    /// By the topic's full name.
    added: HashMap<String, Added>,
}

struct Added {
    view: Arc<dyn AnyView>,
    /// The same, for whoever wants it again by its type.
    typed: Arc<dyn Any + Send + Sync>,
}

impl Views {
    pub fn new(runtime: &Runtime, config: &KafkaConfig) -> Self {
        Self { runtime: runtime.clone(), config: config.clone(), added: HashMap::new() }
    }

    /// The view of this topic; the same one for everybody who adds it. The service is not ready before it is.
    ///
    /// # Panics
    /// When the topic was added before with another type.
    pub fn add<V: State>(&mut self, topic: &'static Topic) -> Arc<View<V>> {
        let full_name = self.config.full_name(topic.name);
        if let Some(added) = self.added.get(&full_name) {
            return added.typed.clone().downcast().expect("a topic carries one kind of state");
        }
        let view = Arc::new(View::new(topic));
        let (name, waits) = (topic.name, view.clone());
        let ready = move || match (waits.is_ready(), waits.watermark()) {
            (false, _) => Err(format!("{name} has not been read to its end")),
            // Until its publisher has said how old it is, nothing could be decided on it.
            (true, None) if topic.watermarked => Err(format!("{name} has no watermark yet")),
            (true, _) => Ok(()),
        };
        self.runtime.ready_when(name, ready);
        self.added.insert(full_name, Added { view: view.clone(), typed: view.clone() });
        view
    }

    /// Begins to read.
    ///
    /// # Errors
    /// The settings do not fit; a broker that is away is no error here.
    pub fn spawn(self) -> Result<(), BusError> {
        if self.added.is_empty() {
            return Ok(());
        }
        let consumer: StreamConsumer<Quiet> = self
            .config
            .client(self.runtime.service().name())
            .set("group.id", self.config.group(&format!("view-{}", self.runtime.instance())))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // The broker lost what was read before: everything is taken in again, and no older version replaces a newer one.
            .set("auto.offset.reset", "earliest")
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.max.bytes", FETCH.to_string())
            .create_with_context(Quiet)?;
        let views = self.added.into_iter().map(|(name, added)| (name, added.view)).collect();
        let reader = Reader { consumer: Arc::new(consumer), views };
        self.runtime.spawn(Stage::Work, "views", |stop| reader.run(stop));
        Ok(())
    }
}

/// For each partition, up to where it has to be read before its view is ready.
type Behind = HashMap<(String, i32), i64>;

struct Reader {
    consumer: Arc<StreamConsumer<Quiet>>,
    views: HashMap<String, Arc<dyn AnyView>>,
}

impl Reader {
    async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        while let Some(behind) = stop.run_until_cancelled(self.assign()).await {
            if let Some(ended) = stop.run_until_cancelled(self.hear(behind)).await {
                ended?;
            }
            self.views.values().for_each(|view| view.forget());
        }
        Ok(())
    }

    /// Asks for the ends until the broker answers, then begins to read everything from the beginning.
    async fn assign(&self) -> Behind {
        loop {
            let (consumer, partitions) = (self.consumer.clone(), self.partitions());
            match tokio::task::spawn_blocking(move || begin(&consumer, partitions)).await {
                Ok(Ok(behind)) => return behind,
                Ok(Err(cause)) => tracing::debug!(%cause, "the ends of the topics are not known yet"),
                Err(cause) => tracing::debug!(%cause, "the question was given up"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn partitions(&self) -> Vec<(String, i32)> {
        self.views.iter().flat_map(|(name, view)| (0..view.topic().partitions).map(move |partition| (name.clone(), partition))).collect()
    }

    /// Takes everything in until all has to be read again, because we were away for too long.
    async fn hear(&self, mut behind: Behind) -> Result<(), KafkaError> {
        self.say_ready(&behind);
        loop {
            match self.consumer.recv().await {
                Ok(message) => {
                    if self.take(&message) {
                        tracing::warn!("the broker was away for so long that everything is read again");
                        return Ok(());
                    }
                    let place = (message.topic().to_owned(), message.partition());
                    if !behind.is_empty() && behind.get(&place).is_some_and(|end| message.offset() + 1 >= *end) {
                        behind.remove(&place);
                        self.say_ready(&behind);
                    }
                }
                Err(cause @ KafkaError::MessageConsumptionFatal(_)) => return Err(cause),
                Err(cause) => tracing::debug!(%cause, "the broker cannot be heard"),
            }
        }
    }

    /// Returns whether everything has to be read again.
    fn take(&self, message: &BorrowedMessage<'_>) -> bool {
        let Some(view) = self.views.get(message.topic()) else { return false };
        let name = view.topic().name;
        let origin = Origin { topic: name.to_owned(), partition: message.partition(), offset: message.offset() };
        match record::incoming(&origin, message) {
            Ok(event) if event.event_type == Watermark::TYPE => {
                return event.decode::<Watermark>().is_ok_and(|mark| view.mark(event.partition, mark.published_until_us));
            }
            Ok(event) => view.take(&event),
            Err(cause) => {
                tracing::error!(topic = name, %cause, "a record cannot be read");
                view.unreadable(message.key().unwrap_or_default());
            }
        }
        false
    }

    fn say_ready(&self, behind: &Behind) {
        let read = self.views.iter().filter(|(name, _)| !behind.keys().any(|(topic, _)| topic == *name));
        read.for_each(|(_, view)| view.set_ready());
    }
}

/// Reads everything from the beginning; returns where the ends are now.
fn begin(consumer: &StreamConsumer<Quiet>, partitions: Vec<(String, i32)>) -> Result<Behind, KafkaError> {
    let mut list = TopicPartitionList::new();
    let mut behind = Behind::new();
    for (topic, partition) in partitions {
        let (low, high) = consumer.fetch_watermarks(&topic, partition, ASK)?;
        list.add_partition_offset(&topic, partition, Offset::Beginning)?;
        if high > low {
            behind.insert((topic, partition), high);
        }
    }
    consumer.assign(&list)?;
    Ok(behind)
}
