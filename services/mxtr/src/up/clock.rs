//! The hand of the development clock: sets the time of every process at once. Exists only with `--clock test`.

use super::secrets::Secrets;
use crate::serve::CLOCK_KEY;
use ::web::{Problem, Slug, ValidJson};
use actix_web::HttpResponse;
use actix_web::web::{self, Data};
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

/// How far the clock goes.
const LATEST: &str = "2999-12-31T23:59:59Z";
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

/// What time it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    now: Timestamp,
}

/// By how much it is to be later.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u32,
}

/// The routes of the clock.
pub fn routes(parts: &mut web::ServiceConfig, hand: Data<Hand>) {
    parts
        .app_data(hand)
        .service(web::resource("/dev/clock").get(get).put(put).default_service(web::to(async || others("GET, PUT"))))
        .service(web::resource("/dev/clock/advance").post(advance).default_service(web::to(async || others("POST"))));
}

fn others(methods: &str) -> Problem {
    Problem::new(Slug::METHOD_NOT_ALLOWED).allow(methods.to_owned())
}

async fn get(hand: Data<Hand>) -> Result<HttpResponse, Problem> {
    hand.now().await.map(show).map_err(|cause| away(&cause))
}

async fn put(hand: Data<Hand>, body: ValidJson<SetClock>) -> Result<HttpResponse, Problem> {
    let to = within_bounds(Some(body.value.now), "/now")?;
    let _moving = hand.moving.lock().await;
    let now = hand.now().await.map_err(|cause| away(&cause))?;
    if to < now {
        return Err(Problem::new(Slug::CONFLICT).detail("The clock only moves forward."));
    }
    hand.move_to(to).await.map(|()| show(to)).map_err(|cause| away(&cause))
}

async fn advance(hand: Data<Hand>, body: ValidJson<Advance>) -> Result<HttpResponse, Problem> {
    let _moving = hand.moving.lock().await;
    let now = hand.now().await.map_err(|cause| away(&cause))?;
    let to = within_bounds(now.checked_add(Duration::from_secs(body.value.seconds.into())).ok(), "/seconds")?;
    hand.move_to(to).await.map(|()| show(to)).map_err(|cause| away(&cause))
}

/// A clock that was set too far would leave no time to come, and there is no way back.
fn within_bounds(time: Option<Timestamp>, pointer: &str) -> Result<Timestamp, Problem> {
    let latest: Timestamp = LATEST.parse().expect("a time of ours");
    time.filter(|time| *time <= latest).ok_or_else(|| Problem::invalid(pointer, "out-of-bounds", "The clock goes as far as the year 2999."))
}

fn show(now: Timestamp) -> HttpResponse {
    HttpResponse::Ok().json(json!({"now": now.to_string()}))
}

fn away(cause: &anyhow::Error) -> Problem {
    eprintln!("mxtr: the clock cannot be asked or moved: {cause:#}");
    Problem::new(Slug::UNAVAILABLE).detail("Not every process says what time it is; the log of `mxtr up` says which.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::dev::{Service as _, ServiceResponse};
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, init_service, read_body};
    use actix_web::{App, HttpServer};

    /// A process whose time stands still, and the clock's routes before it.
    fn hand(folder: &Path) -> Hand {
        let now = || async { HttpResponse::Ok().json(json!({"now": "2026-11-24T08:00:00Z"})) };
        let server = HttpServer::new(move || App::new().route("/dev/clock", web::get().to(now)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let port = server.addrs()[0].port();
        actix_web::rt::spawn(server.run());
        // Nobody is to be told anything: there is no broker.
        let kafka = KafkaConfig { brokers: "127.0.0.1:1".to_owned(), topic_prefix: String::new(), group_prefix: String::new() };
        Hand::new(kafka, Secrets::open(folder).unwrap(), vec![port], folder)
    }

    /// (method, path, content type, body): (status, pointer, code).
    type Case = (Method, &'static str, Option<&'static str>, &'static str, u16, &'static str, &'static str);

    const JSON: Option<&str> = Some("application/json");

    fn cases() -> Vec<Case> {
        let mut cases: Vec<Case> = vec![
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "yesterday-4711"}"#, 422, "/now", "invalid-value"),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "2026-11-24T08:00:00"}"#, 422, "/now", "invalid-value"),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": 4711}"#, 422, "/now", "wrong-type"),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "9999-12-30T22:00:00Z"}"#, 422, "/now", "out-of-bounds"),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "11111-01-01T00:00:00Z"}"#, 422, "/now", "invalid-value"),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "2001-01-01T00:00:00Z"}"#, 409, "", ""),
            (Method::PUT, "/dev/clock", JSON, r#"{"now": "2026-12-24T08:00:00Z", "seconds": 4711}"#, 422, "/seconds", "unknown-field"),
            (Method::POST, "/dev/clock/advance", JSON, r#"{"seconds": -4711}"#, 422, "/seconds", "invalid-value"),
            (Method::POST, "/dev/clock/advance", JSON, r#"{"seconds": 4711.5}"#, 422, "/seconds", "wrong-type"),
            (Method::POST, "/dev/clock/advance", JSON, r#"{"seconds": "4711"}"#, 422, "/seconds", "wrong-type"),
            (Method::POST, "/dev/clock/advance", JSON, r#"{"seconds": 47114711471147}"#, 422, "/seconds", "invalid-value"),
            (Method::POST, "/dev/clock/advance", JSON, r#"{"minutes": 4711}"#, 422, "/minutes", "unknown-field"),
            (Method::DELETE, "/dev/clock", None, "", 405, "", ""),
            (Method::GET, "/dev/clock/advance", None, "", 405, "", ""),
        ];
        for (method, path, field) in [(Method::PUT, "/dev/clock", "/now"), (Method::POST, "/dev/clock/advance", "/seconds")] {
            cases.extend([
                (method.clone(), path, JSON, "{}", 422, field, "missing"),
                (method.clone(), path, JSON, "[4711]", 422, "", "wrong-type"),
                (method.clone(), path, JSON, "", 400, "", ""),
                (method.clone(), path, JSON, "{4711", 400, "", ""),
                (method.clone(), path, Some("text/plain"), r#"{"seconds": 4711}"#, 415, "", ""),
                (method, path, None, r#"{"seconds": 4711}"#, 415, "", ""),
            ]);
        }
        cases
    }

    #[actix_web::test]
    async fn what_the_clock_cannot_be_set_to_is_a_problem_that_names_the_field_and_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let hand = Data::new(hand(folder.path()));
        let app = init_service(App::new().configure(|parts| routes(parts, hand))).await;
        for (method, path, kind, body, status, pointer, code) in cases() {
            let what = format!("{method} {path} {body}");
            let mut request = TestRequest::with_uri(path).method(method).set_payload(body);
            if let Some(kind) = kind {
                request = request.insert_header(("content-type", kind));
            }
            let answer: ServiceResponse = app.call(request.to_request()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{what}");
            assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json", "{what}");
            let text = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
            assert!(!text.contains("4711"), "{what} is repeated: {text}");
            let problem: Value = serde_json::from_str(&text).unwrap();
            let named = &problem["errors"][0];
            let named = (named["pointer"].as_str().unwrap_or_default(), named["code"].as_str().unwrap_or_default());
            assert_eq!(named, (pointer, code), "{what}: {text}");
        }
    }

    #[actix_web::test]
    async fn a_process_that_does_not_say_its_time_is_a_problem_too() {
        let folder = tempfile::tempdir().unwrap();
        let alone = Hand { health: vec![1], ..hand(folder.path()) };
        let app = init_service(App::new().configure(|parts| routes(parts, Data::new(alone)))).await;
        for request in [
            TestRequest::get().uri("/dev/clock"),
            TestRequest::put().uri("/dev/clock").set_json(json!({"now": "2026-12-24T08:00:00Z"})),
            TestRequest::post().uri("/dev/clock/advance").set_json(json!({"seconds": 1})),
        ] {
            let answer: ServiceResponse = app.call(request.to_request()).await.unwrap();
            assert_eq!(answer.status().as_u16(), 503);
            assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
        }
    }
}
