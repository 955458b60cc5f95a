//! The hand of the development clock: sets the time of every process at once. Exists only with `--clock test`.

use super::secrets::Secrets;
use crate::serve::CLOCK_KEY;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use anyhow::Context as _;
use bus::{KafkaConfig, Producer};
use events::platform::ClockSet;
use events::{Outgoing, topics};
use kernel::{Clock, TenantId, Timestamp, micros};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long the processes may take to follow.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Where the time stands between runs.
const FILE: &str = "clock";

pub struct Hand {
    kafka: KafkaConfig,
    secrets: Secrets,
    health: Vec<u16>,
    file: PathBuf,
    http: reqwest::Client,
    moving: Mutex<()>,
}

/// Where the time begins: where it stood when the platform last ran, else now.
pub async fn begin(kafka: &KafkaConfig, folder: &Path) -> anyhow::Result<Timestamp> {
    let stood = std::fs::read_to_string(folder.join(FILE)).ok().and_then(|text| text.trim().parse::<Timestamp>().ok());
    let now = stood.unwrap_or_else(Clock::real_now);
    say(kafka, now).await?;
    std::fs::write(folder.join(FILE), now.to_string())?;
    Ok(now)
}

async fn say(kafka: &KafkaConfig, now: Timestamp) -> anyhow::Result<()> {
    let producer = Producer::new(kafka, "mxtr-clock")?;
    let event = Outgoing::new(&topics::CLOCK, &CLOCK_KEY, TenantId::HOUSE, &Clock::test(now), &ClockSet { now_us: micros(now) });
    Ok(producer.send(&[event]).await?)
}

impl Hand {
    pub fn new(kafka: KafkaConfig, secrets: Secrets, mut health: Vec<u16>, folder: &Path) -> Self {
        health.dedup();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap_or_default();
        Self { kafka, secrets, health, file: folder.join(FILE), http, moving: Mutex::new(()) }
    }

    /// What time it is for the slowest process.
    async fn now(&self) -> anyhow::Result<Timestamp> {
        let mut slowest: Option<Timestamp> = None;
        for port in &self.health {
            let answer: Value = self.http.get(format!("http://127.0.0.1:{port}/dev/clock")).send().await?.json().await?;
            let now: Timestamp = answer["now"].as_str().context("the process says its time")?.parse()?;
            slowest = Some(slowest.map_or(now, |slowest| slowest.min(now)));
        }
        slowest.context("somebody serves")
    }

    /// Moves every process to this time; returns when all of them are there.
    async fn move_to(&self, now: Timestamp) -> anyhow::Result<()> {
        // Tokens are good for an hour of the platform's clock.
        self.secrets.mint_service_tokens(now)?;
        say(&self.kafka, now).await?;
        std::fs::write(&self.file, now.to_string())?;
        let began = Instant::now();
        while self.now().await.map_or(true, |there| there < now) {
            anyhow::ensure!(began.elapsed() < FOLLOWED_WITHIN, "not every process followed the clock");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetClock {
    now: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    seconds: u32,
}

pub async fn get(hand: Data<Hand>) -> HttpResponse {
    match hand.now().await {
        Ok(now) => HttpResponse::Ok().json(json!({"now": now.to_string()})),
        Err(cause) => HttpResponse::ServiceUnavailable().json(json!({"title": format!("{cause:#}")})),
    }
}

pub async fn put(hand: Data<Hand>, body: Json<SetClock>) -> HttpResponse {
    let _moving = hand.moving.lock().await;
    set(&hand, |_| Some(body.now)).await
}

pub async fn advance(hand: Data<Hand>, body: Json<Advance>) -> HttpResponse {
    let _moving = hand.moving.lock().await;
    set(&hand, |now| now.checked_add(Duration::from_secs(body.seconds.into())).ok()).await
}

async fn set(hand: &Hand, to: impl FnOnce(Timestamp) -> Option<Timestamp>) -> HttpResponse {
    let moved = async {
        let now = hand.now().await?;
        let Some(to) = to(now).filter(|to| *to >= now) else { return Ok(None) };
        hand.move_to(to).await?;
        Ok::<_, anyhow::Error>(Some(to))
    };
    match moved.await {
        Ok(Some(now)) => HttpResponse::Ok().json(json!({"now": now.to_string()})),
        Ok(None) => HttpResponse::Conflict().content_type("application/problem+json").body(
            r#"{"type":"/problems/conflict","title":"The state does not allow it","status":409,"detail":"The clock only moves forward."}"#,
        ),
        Err(cause) => HttpResponse::ServiceUnavailable().json(json!({"title": format!("{cause:#}"), "status": 503})),
    }
}
