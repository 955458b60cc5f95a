//! What the tests share: topics of one test alone, handlers that tell what they hear, records that are no events.

use bus::{Consumer, Handler, KafkaConfig, Producer, Rejected};
use events::contacts::ContactChanged;
use events::platform::Watermark;
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{Clock, Service, TenantId, micros};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use runtime::Runtime;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::servers;
use tokio::sync::mpsc;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The broker, with topics that no other test knows.
pub async fn alone() -> KafkaConfig {
    let config = on(&servers().kafka);
    bus::create_topics(&config, 1).await.unwrap();
    config
}

/// This broker, with names that no other test has.
pub fn on(brokers: &str) -> KafkaConfig {
    let prefix = format!("b{}.{}.", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    KafkaConfig { brokers: brokers.to_owned(), topic_prefix: prefix.clone(), group_prefix: prefix }
}

pub fn runtime(service: Service) -> Runtime {
    testkit::runtime(service, &testkit::clock())
}

pub fn producer(config: &KafkaConfig) -> Producer {
    Producer::new(config, "test").unwrap()
}

/// The `number`th thing that happened to the contact `key`.
pub fn change(key: u8, number: i64) -> Outgoing {
    let body = ContactChanged { subject_id: vec![key; 16], version: number, ..ContactChanged::default() };
    Outgoing::new(&topics::CONTACT_CHANGES, &[key; 16], TenantId::HOUSE, &testkit::clock(), &body)
}

/// The same, on this partition.
pub fn change_on(partition: i32, number: i64) -> Outgoing {
    Outgoing { partition: Some(partition), ..change(u8::try_from(partition).unwrap(), number) }
}

pub fn number(event: &Incoming) -> i64 {
    event.decode::<ContactChanged>().unwrap().version
}

/// A watermark on each partition of a topic, so many seconds from now.
pub async fn mark(producer: &Producer, topic: &Topic, seconds: i64) {
    let until = micros(Clock::real_now()) + seconds * 1_000_000;
    let marks: Vec<Outgoing> = (0..topic.partitions).map(|partition| watermark(topic, partition, until)).collect();
    producer.send(&marks).await.unwrap();
}

pub fn watermark(topic: &Topic, partition: i32, published_until_us: i64) -> Outgoing {
    let mark = Watermark { published_until_us };
    Outgoing { partition: Some(partition), ..Outgoing::new(topic, b"watermark", TenantId::HOUSE, &testkit::clock(), &mark) }
}

/// A record that nobody's code would write.
pub async fn say_raw(config: &KafkaConfig, topic: &Topic, key: &[u8], payload: &[u8]) {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", &config.brokers).create().unwrap();
    let name = config.full_name(topic.name);
    let headers = OwnedHeaders::new().insert(Header { key: "strange", value: Some("header") });
    let record = FutureRecord::to(&name).key(key).payload(payload).partition(0).headers(headers);
    producer.send(record, Duration::from_secs(10)).await.unwrap();
}

type Answer = dyn Fn(&Incoming) -> Result<(), Rejected> + Send + Sync;

/// A handler that answers what the test says, and tells what it took.
pub struct Hears {
    answer: Arc<Answer>,
    took: mpsc::UnboundedSender<Incoming>,
}

impl Handler for Hears {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        // A pause in which another worker, if there were one, would come between.
        tokio::task::yield_now().await;
        (self.answer)(&event)?;
        self.took.send(event).map_err(|cause| Rejected::Poison(cause.into()))
    }
}

/// A handler, and what it will have taken.
pub fn hears(answer: impl Fn(&Incoming) -> Result<(), Rejected> + Send + Sync + 'static) -> (Hears, Taken) {
    let (took, taken) = mpsc::unbounded_channel();
    (Hears { answer: Arc::new(answer), took }, Taken(taken))
}

/// What a handler took, in that order.
pub struct Taken(mpsc::UnboundedReceiver<Incoming>);

impl Taken {
    pub async fn next(&mut self) -> Incoming {
        tokio::time::timeout(Duration::from_secs(60), self.0.recv()).await.expect("an event is handled").expect("the handler lives")
    }

    pub async fn take(&mut self, count: usize) -> Vec<Incoming> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            events.push(self.next().await);
        }
        events
    }

    pub fn nothing(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// A service that hears with this handler.
pub fn hear(config: &KafkaConfig, service: Service, handler: impl Handler) -> Runtime {
    let runtime = runtime(service);
    Consumer::new(&runtime, &producer(config)).with(handler).spawn().unwrap();
    runtime
}

pub fn retry() -> Rejected {
    Rejected::Retry(std::io::Error::other("something is away").into())
}

pub fn poison() -> Rejected {
    Rejected::Poison(std::io::Error::other("never").into())
}

/// The sum of a metric over all its labels; 0 before anything was told.
pub fn metric(runtime: &Runtime, name: &str) -> i64 {
    let families = runtime.metrics().gather();
    let told = families.iter().filter(|family| family.name().ends_with(name)).flat_map(prometheus::proto::MetricFamily::get_metric);
    let sum: f64 = told.map(|metric| metric.get_gauge().get_value() + metric.get_counter().get_value()).sum();
    format!("{sum:.0}").parse().unwrap()
}
