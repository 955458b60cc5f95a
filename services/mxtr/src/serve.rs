//! `mxtr serve`: services in this process, with settings from the environment; and `mxtr migrate`.

use crate::registry;
use anyhow::Context as _;
use bus::{KafkaConfig, Views};
use events::platform::ClockSet;
use events::topics;
use kernel::{Clock, Service, Timestamp, from_micros};
use runtime::{Environment, Runtime, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The key of the one record on the topic of the clock.
pub const CLOCK_KEY: [u8; 16] = *b"platform's clock";

/// Serves until SIGTERM or SIGINT, or until a service fails.
///
/// # Errors
/// A setting is wrong, an address is taken, or a service failed.
pub async fn run(services: &[Service], clock_start: Option<Timestamp>) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    let first = *services.first().context("a service is needed")?;
    let common = registry::common(first, &environment)?;
    let telemetry = telemetry::Telemetry {
        filter: environment.get("MXTR_LOG").unwrap_or_default().to_owned(),
        json: common.log_json,
        otlp_endpoint: common.otlp_endpoint.clone(),
    };
    let exporter = telemetry::init(&telemetry)?;
    let clock = clock_start.map_or_else(Clock::system, Clock::test);
    let runtimes: Vec<Runtime> = services.iter().map(|service| Runtime::new(*service, clock.clone())).collect();
    let healthy = CancellationToken::new();
    runtime::serve_health(common.health_listen, runtimes.clone(), healthy.clone()).await.context("the health port cannot be bound")?;
    if let (Some(first), true) = (runtimes.first(), clock.is_test()) {
        follow(first, &common.kafka())?;
    }
    for (service, runtime) in services.iter().zip(&runtimes) {
        registry::start(*service, &environment, runtime.clone()).await.with_context(|| format!("{service} does not start"))?;
    }
    let ended = until_ended(&runtimes).await;
    for runtime in &runtimes {
        runtime.shut_down().await;
    }
    healthy.cancel();
    exporter.flush();
    ended
}

async fn until_ended(runtimes: &[Runtime]) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let failed = futures_util::future::select_all(runtimes.iter().map(|runtime| Box::pin(runtime.failed())));
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        ((), at, _) = failed => {
            let name = runtimes.get(at).map(|runtime| runtime.service().name()).unwrap_or_default();
            anyhow::bail!("a part of {name} failed; the log says which and why")
        }
    }
}

/// Follows the platform's test clock: what stands on its topic is the time here.
fn follow(runtime: &Runtime, kafka: &KafkaConfig) -> anyhow::Result<()> {
    let mut views = Views::new(runtime, kafka);
    let view = views.add::<ClockSet>(&topics::CLOCK);
    let clock = runtime.clock().clone();
    let mut changes = view.changes();
    runtime.spawn(runtime::Stage::Work, "clock", |stop| async move {
        while stop.run_until_cancelled(changes.recv()).await.is_some() {
            let set = view.get(&CLOCK_KEY).and_then(|set| from_micros(set.now_us));
            if let Some(now) = set
                && clock.advance_to(now).is_err()
            {
                tracing::debug!("the clock is ahead already");
            }
        }
        Ok(())
    });
    views.spawn()?;
    Ok(())
}

/// Migrates databases as their owners, and makes the topics.
///
/// # Errors
/// An address is missing, or a migration failed.
pub async fn migrate(services: &[Service], as_json: bool) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    for service in services {
        let name = format!("MXTR_{}_OWNER_DATABASE_URL", service.name().to_uppercase());
        let url = match (environment.get(&name), environment.get(&format!("{name}_FILE"))) {
            (Some(url), _) => url.to_owned(),
            (None, Some(file)) => {
                std::fs::read_to_string(file).with_context(|| format!("the file that {name}_FILE names cannot be read"))?.trim().to_owned()
            }
            (None, None) => anyhow::bail!("{name} or {name}_FILE is needed"),
        };
        let migrations = registry::migrations(*service);
        db::migrate(&url, *service, migrations).await?;
        if !as_json {
            println!("{service}: the schema is current");
        }
    }
    if let Some(brokers) = environment.get("MXTR_KAFKA_BROKERS") {
        let prefix = environment.get("MXTR_KAFKA_TOPIC_PREFIX").unwrap_or_default();
        let config = KafkaConfig { brokers: brokers.to_owned(), topic_prefix: prefix.to_owned(), group_prefix: String::new() };
        let replication =
            environment.get("MXTR_KAFKA_REPLICATION").map_or(Ok(1), str::parse).context("MXTR_KAFKA_REPLICATION is no number")?;
        bus::create_topics(&config, replication).await?;
        if !as_json {
            println!("topics: all there");
        }
    }
    if as_json {
        let topics = environment.get("MXTR_KAFKA_BROKERS").is_some();
        println!(
            "{}",
            serde_json::json!({"migrated": services.iter().map(|service| service.name()).collect::<Vec<_>>(), "topics": topics})
        );
    }
    Ok(())
}
