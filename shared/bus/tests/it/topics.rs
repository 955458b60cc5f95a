use crate::world::{alone, on, producer};
use bus::BusError;
use events::keyring::Shredded;
use events::{Outgoing, topics};
use kernel::TenantId;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::collections::HashMap;

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}

async fn settings(brokers: &str, topic: &str) -> HashMap<String, String> {
    let asked = [ResourceSpecifier::Topic(topic)];
    let answer = admin(brokers).describe_configs(&asked, &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    answer.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

#[tokio::test]
async fn topics_have_the_settings_of_the_table_and_are_made_once() {
    let config = alone().await;
    bus::create_topics(&config, 1).await.unwrap();
    let states = settings(&config.brokers, &config.full_name("consent.decisions")).await;
    assert_eq!(states["cleanup.policy"], "compact");
    assert_eq!(states["max.compaction.lag.ms"], "86400000");
    assert_eq!(states["delete.retention.ms"], "604800000");
    let events = settings(&config.brokers, &config.full_name("contacts.changes")).await;
    assert_eq!(events["cleanup.policy"], "delete");
    assert_eq!(events["retention.ms"], "604800000");
    assert_eq!(events["segment.ms"], "86400000");
}

#[tokio::test]
async fn a_topic_that_somebody_made_otherwise_gets_the_settings_of_the_table_and_keeps_its_own() {
    let config = on(&testkit::servers().kafka);
    let name = config.full_name("identity.tenants");
    let by_itself = NewTopic::new(&name, 1, TopicReplication::Fixed(1)).set("cleanup.policy", "delete").set("flush.messages", "7");
    admin(&config.brokers).create_topics([&by_itself], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    // A broker takes a moment until it shows what it was told.
    let shows = async |wanted: &[(&str, &str)]| {
        let now = settings(&config.brokers, &name).await;
        wanted.iter().all(|(key, value)| now.get(*key).is_some_and(|now| now == value))
    };
    testkit::until("the topic is as somebody made it", || shows(&[("cleanup.policy", "delete"), ("flush.messages", "7")])).await;
    bus::create_topics(&config, 1).await.unwrap();
    let wanted = [("cleanup.policy", "compact"), ("delete.retention.ms", "604800000"), ("flush.messages", "7")];
    testkit::until("it has the table's settings, and its own", || shows(&wanted)).await;
    bus::create_topics(&config, 1).await.unwrap();
    assert!(shows(&wanted).await, "nothing is changed where nothing differs");
}

#[tokio::test]
async fn a_topic_with_other_partitions_is_an_error() {
    let config = on(&testkit::servers().kafka);
    let name = config.full_name("identity.tenants");
    let other = NewTopic::new(&name, 2, TopicReplication::Fixed(1));
    admin(&config.brokers).create_topics([&other], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let refused = bus::create_topics(&config, 1).await.unwrap_err().to_string();
    assert!(refused.contains("identity.tenants is there, but not with 1 partitions"), "{refused}");
}

#[tokio::test]
async fn an_event_of_three_megabytes_is_kept_and_one_that_is_too_long_is_refused_by_name() {
    let config = alone().await;
    let of_length = |length| Outgoing {
        data: Some(vec![7; length]),
        ..Outgoing::new(&topics::SHREDDED, &[1; 16], TenantId::HOUSE, &testkit::clock(), &Shredded::default())
    };
    let producer = producer(&config);
    producer.send(&[of_length(3 << 20)]).await.unwrap();
    let (short, long) = (of_length(10), of_length(5 << 20));
    let long = Outgoing { key: vec![2; 16], ..long };
    let refused = producer.send(&[short, long.clone()]).await.unwrap_err();
    assert!(matches!(refused, BusError::Refused(events) if events == [long.event_id]));
}
