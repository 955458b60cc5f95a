//! Topics of this test binary alone, and an ear on them.

use crate::{outbox, servers};
use bus::KafkaConfig;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The broker, with topics of this test binary's own, and groups of this test's own: each test hears everything that any of them says.
pub async fn kafka() -> KafkaConfig {
    static TOPICS: OnceCell<()> = OnceCell::const_new();
    let (process, test) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let config =
        KafkaConfig { brokers: servers().kafka.clone(), topic_prefix: format!("t{process}."), group_prefix: format!("t{process}.{test}.") };
    TOPICS.get_or_init(|| async { bus::create_topics(&config, 1).await.expect("topics can be made") }).await;
    config
}

/// Hears a topic from now on.
pub struct Listener {
    consumer: rdkafka::consumer::StreamConsumer,
    topic: &'static events::Topic,
}

impl Listener {
    /// Begins at the end of the topic.
    pub async fn start(config: &KafkaConfig, topic: &'static events::Topic) -> Self {
        use rdkafka::consumer::Consumer as _;
        let mut client = rdkafka::ClientConfig::new();
        client.set("bootstrap.servers", &config.brokers).set("group.id", "listener").set("enable.auto.commit", "false");
        let consumer: rdkafka::consumer::StreamConsumer = client.create().expect("the settings fit");
        let (consumer, name) = (std::sync::Arc::new(consumer), config.full_name(topic.name));
        let asking = consumer.clone();
        let ends = tokio::task::spawn_blocking(move || {
            let mut list = rdkafka::TopicPartitionList::new();
            for partition in 0..topic.partitions {
                let (_, end) = asking.fetch_watermarks(&name, partition, std::time::Duration::from_secs(10)).expect("the topic is there");
                list.add_partition_offset(&name, partition, rdkafka::Offset::Offset(end)).expect("the offset is one");
            }
            list
        });
        consumer.assign(&ends.await.expect("the broker answers")).expect("the partitions are there");
        Self { consumer: std::sync::Arc::into_inner(consumer).expect("nobody else holds it"), topic }
    }

    /// The next event that is wanted, looked at now; others are passed over. Gives up after half a minute.
    pub async fn next(&self, wanted: impl Fn(&events::Incoming) -> bool) -> events::Incoming {
        use rdkafka::message::{Headers as _, Message as _};
        let hearing = async {
            loop {
                let record = self.consumer.recv().await.expect("the broker is there");
                let headers = record.headers();
                let find =
                    |name: &str| headers.and_then(|all| all.iter().find(|header| header.key == name).and_then(|header| header.value));
                let at = events::Position { partition: record.partition(), offset: record.offset() };
                match events::Incoming::from_record(self.topic.name, at, record.key(), record.payload(), find) {
                    Ok(event) if wanted(&event) => {
                        outbox::looked_at([event.event_id]);
                        return event;
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), hearing).await.expect("the event comes")
    }
}
