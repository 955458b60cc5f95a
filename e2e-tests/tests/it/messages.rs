//! Messages that come twice, late, in the wrong order, or cannot be read.

use e2e_tests::platform::{Platform, send, until};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};
use std::time::Duration;

const TOPIC: &str = "contacts.changes";
const NEWSLETTER: &str = "client_service:newsletter";
const PATIENCE: Duration = Duration::from_secs(20);

crate::in_both_shapes! {
    what_comes_twice_or_late_changes_nothing_and_what_cannot_be_read_is_put_aside,
}

/// Every record of the topic so far, and how many partitions it has.
fn everything(brokers: &str) -> (Vec<OwnedMessage>, i32) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "nobody")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE).unwrap();
    let partitions = i32::try_from(metadata.topics()[0].partitions().len()).unwrap();
    let mut from = TopicPartitionList::new();
    let mut left = 0;
    for partition in 0..partitions {
        from.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
        let (low, high) = consumer.fetch_watermarks(TOPIC, partition, PATIENCE).unwrap();
        left += high - low;
    }
    consumer.assign(&from).unwrap();
    let mut all = Vec::new();
    while all.len() < usize::try_from(left).unwrap() {
        all.push(consumer.poll(PATIENCE).expect("there is more").unwrap().detach());
    }
    (all, partitions)
}

async fn say(producer: &FutureProducer, partition: i32, key: &[u8], payload: Option<&[u8]>, headers: OwnedHeaders) {
    let record = FutureRecord::<[u8], [u8]> { payload, ..FutureRecord::to(TOPIC).key(key).partition(partition).headers(headers) };
    producer.send(record, PATIENCE).await.unwrap();
}

/// What consent says of somebody: known or not, and of the newsletter.
async fn seen(platform: &Platform, key: &str, subject: &str) -> (Value, Value) {
    let question = |purpose: &str| json!({"subject_id": subject, "purpose": purpose, "verb": "read", "categories": ["personal"]});
    let answer = platform.post("/v1/decisions", key, &json!({"questions": [question("audit"), question(NEWSLETTER)]})).await.json();
    (answer["data"][0]["known"].clone(), answer["data"][1]["allowed"].clone())
}

async fn what_comes_twice_or_late_changes_nothing_and_what_cannot_be_read_is_put_aside(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let (_, key) = platform.tenant("acme").await;
    let mut people = Vec::new();
    for name in ["stays", "goes"] {
        let made = platform.post("/v1/contacts", &key, &json!({"email": format!("{name}@example.org")})).await;
        people.push(made.json()["id"].as_str().unwrap().to_owned());
    }
    let (stays, goes) = (&people[0], &people[1]);
    until("consent knows both", || async { seen(&platform, &key, stays).await.0 == true && seen(&platform, &key, goes).await.0 == true })
        .await;
    let given =
        json!({"subject_id": stays, "purpose": NEWSLETTER, "said": "given", "method": "form", "language": "de", "text_version": "1"});
    let given = platform.post("/v1/consents", &key, &given).await;
    assert_eq!(given.status, 201, "{}", given.text);
    let path = format!("/v1/contacts/{goes}");
    let gone = send(platform.request(reqwest::Method::DELETE, &path, &key).header("if-match", "\"1\"")).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    until("consent has forgotten one", || async { seen(&platform, &key, goes).await.0 != true }).await;
    let before = seen(&platform, &key, stays).await;

    let brokers = platform.state()["kafka_brokers"].as_str().unwrap().to_owned();
    let reading = brokers.clone();
    let (all, partitions) = tokio::task::spawn_blocking(move || everything(&reading)).await.unwrap();
    let ours =
        |message: &&OwnedMessage| people.iter().any(|id| message.key() == Some(uuid::Uuid::parse_str(id).unwrap().as_bytes().as_slice()));
    let ours: Vec<&OwnedMessage> = all.iter().filter(ours).collect();
    assert!(ours.len() >= 3, "two came, one went: {}", ours.len());
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    // As a relay says them again that was overtaken or killed, but twice, and the last one first.
    for _ in 0..2 {
        for message in ours.iter().rev() {
            let headers = message.headers().unwrap().clone();
            say(&producer, message.partition(), message.key().unwrap(), message.payload(), headers).await;
        }
    }
    // Behind all of them, on each partition: when these are put aside, those have been handled.
    for partition in 0..partitions {
        say(&producer, partition, b"strange", Some(b"\xff\xff no event"), OwnedHeaders::new()).await;
    }
    until("what cannot be read is a dead letter, and nothing else is", || async {
        let (code, listed) = platform.run(&["dlq", "list", "consent", "--json"]);
        assert_eq!(code, Some(0), "{listed}");
        let letters: Value = serde_json::from_str(&listed).unwrap();
        let letters = letters.as_array().or_else(|| letters["data"].as_array()).unwrap().len();
        assert!(letters <= usize::try_from(partitions).unwrap(), "{listed}");
        letters == usize::try_from(partitions).unwrap()
    })
    .await;
    assert_eq!(seen(&platform, &key, stays).await, before, "who stayed is as before");
    assert_ne!(seen(&platform, &key, goes).await.0, json!(true), "who went does not come back");
}
