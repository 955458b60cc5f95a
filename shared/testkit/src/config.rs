//! Settings as a service gets them, with addresses of this test.

use bus::KafkaConfig;
use runtime::Secret;
use std::net::SocketAddr;
use web::ServiceConfig;

/// The common settings of a service on this database and broker. Nothing answers at the addresses of identity and keyring unless a test puts it there.
pub fn common(database_url: &str, kafka: &KafkaConfig) -> ServiceConfig {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    ServiceConfig {
        listen: anywhere,
        health_listen: anywhere,
        http_workers: 1,
        database_url: Secret::new(database_url.to_owned()),
        database_max_connections: 6,
        kafka_brokers: kafka.brokers.clone(),
        kafka_topic_prefix: kafka.topic_prefix.clone(),
        kafka_group_prefix: kafka.group_prefix.clone(),
        issuer: "https://mxtr.example".to_owned(),
        jwks_url: "http://127.0.0.1:9/jwks.json".to_owned(),
        keys_url: "http://127.0.0.1:9".to_owned(),
        service_token_file: "/dev/null".to_owned(),
        cursor_key: Secret::new("11".repeat(32)),
        trusted_hops: 0,
        lease_people_seconds: 10,
        lease_principals_seconds: 60,
        clock: web::ClockKind::Test,
        otlp_endpoint: None,
        log_json: false,
    }
}
