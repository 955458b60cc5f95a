//! `Idempotency-Key` on a real database: one effect, the same answer, nothing that could be tried out.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, EmbeddedMigrations, TenantTx, embed_migrations};
use kernel::{Clock, Service, TenantId};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig as Api;
use uuid::Uuid;
use web::idempotency::{IdempotencyKey, Refused, replay};
use web::{HttpConfig, Problem, ValidJson};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateThing {
    name: String,
}

/// What the effect of a request costs, and what lets it go on.
struct Effects {
    begun: AtomicU32,
    committed: AtomicU32,
    /// A thing called "slow" waits for a permit in its transaction.
    permits: Semaphore,
}

fn routes(api: &mut Api<'_>) {
    api.service(create_thing).service(create_other);
}

#[utoipa::path(params(IdempotencyKey), extensions(("x-public" = json!(true))), responses((status = 201)))]
#[post("/v1/things")]
async fn create_thing(
    db: Data<Db>,
    effects: Data<Effects>,
    key: IdempotencyKey,
    body: ValidJson<CreateThing>,
) -> Result<HttpResponse, Problem> {
    create(&db, &effects, &key, &body).await
}

#[utoipa::path(params(IdempotencyKey), extensions(("x-public" = json!(true))), responses((status = 201)))]
#[post("/v1/others")]
async fn create_other(
    db: Data<Db>,
    effects: Data<Effects>,
    key: IdempotencyKey,
    body: ValidJson<CreateThing>,
) -> Result<HttpResponse, Problem> {
    create(&db, &effects, &key, &body).await
}

async fn create(db: &Db, effects: &Effects, key: &IdempotencyKey, body: &ValidJson<CreateThing>) -> Result<HttpResponse, Problem> {
    let made = db.tx(TenantId::HOUSE, "things.create", async |tx: &mut TenantTx| {
        if let Some(replay) = key.claim(tx, &body.raw).await? {
            return Ok::<_, Refused>((replay.resource, true));
        }
        effects.begun.fetch_add(1, Ordering::AcqRel);
        match body.value.name.as_str() {
            "slow" => effects.permits.acquire().await.map_err(|_| Refused::Running)?.forget(),
            "impossible" => return Err(Refused::Running),
            _ => {}
        }
        let id = Uuid::new_v4();
        key.finish(tx, 201, Some(id)).await?;
        Ok((Some(id), false))
    });
    let (id, replayed) = made.await.map_err(|refused| refused.problem())?;
    let mut answer = HttpResponse::Created();
    replay(&mut answer, replayed);
    if !replayed {
        effects.committed.fetch_add(1, Ordering::AcqRel);
    }
    Ok(answer.json(json!({"id": id})))
}

struct Place {
    clock: Clock,
    database: testkit::Database,
    effects: Data<Effects>,
}

impl Place {
    async fn new() -> Self {
        let effects = Effects { begun: AtomicU32::new(0), committed: AtomicU32::new(0), permits: Semaphore::new(0) };
        Self { clock: testkit::clock(), database: testkit::database(Service::Contacts, MIGRATIONS).await, effects: Data::new(effects) }
    }

    /// Another process of the service.
    async fn served(&self) -> Served {
        let runtime = testkit::runtime(Service::Contacts, &self.clock);
        let (db, effects) = (Data::new(self.database.connect(&runtime).await), self.effects.clone());
        let address = web::serve(&runtime, HttpConfig::from(&config()), routes, move |app| {
            app.app_data(db.clone()).app_data(effects.clone());
        });
        Served { base: format!("http://{}", address.unwrap()), http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    fn effects(&self) -> (u32, u32) {
        (self.effects.begun.load(Ordering::Acquire), self.effects.committed.load(Ordering::Acquire))
    }
}

pub(crate) fn config() -> web::ServiceConfig {
    let nowhere = bus::KafkaConfig { brokers: String::new(), topic_prefix: String::new(), group_prefix: String::new() };
    testkit::common("", &nowhere)
}

struct Served {
    base: String,
    http: reqwest::Client,
}

impl Served {
    fn post(&self, path: &str, key: &str, name: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.base)).header("idempotency-key", key).json(&json!({"name": name}))
    }
}

/// (status, whether it was replayed, the body).
async fn answer(request: RequestBuilder) -> (u16, bool, serde_json::Value) {
    let answer = request.send().await.unwrap();
    let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    (answer.status().as_u16(), replayed, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_its_effect_once_and_survives_a_restart() {
    let place = Place::new().await;
    let first = answer(place.served().await.post("/v1/things", "k1", "a")).await;
    assert_eq!((first.0, first.1), (201, false));
    let again = answer(place.served().await.post("/v1/things", "k1", "a")).await;
    assert_eq!(again, (201, true, first.2.clone()));
    let other_key = answer(place.served().await.post("/v1/things", "k2", "a")).await;
    assert!(!other_key.1 && other_key.2 != first.2);
    assert_eq!(place.effects(), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_serves_one_request_and_no_other() {
    let place = Place::new().await;
    let served = place.served().await;
    assert_eq!(answer(served.post("/v1/things", "k", "a")).await.0, 201);
    for other in [served.post("/v1/things", "k", "b"), served.post("/v1/others", "k", "a")] {
        let (status, _, body) = answer(other).await;
        assert_eq!((status, body["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    }
    assert_eq!(place.effects(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_failed_may_be_sent_again() {
    let place = Place::new().await;
    let served = place.served().await;
    assert_eq!(answer(served.post("/v1/things", "k", "impossible")).await.0, 409);
    assert_eq!(answer(served.post("/v1/things", "k", "a")).await.0, 201, "nothing was kept of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_forgotten_after_a_day() {
    let place = Place::new().await;
    let served = place.served().await;
    let first = answer(served.post("/v1/things", "k", "a")).await;
    place.clock.advance_to("2026-11-25T08:59:59Z".parse().unwrap()).unwrap();
    assert!(answer(served.post("/v1/things", "k", "a")).await.1);
    place.clock.advance_to("2026-11-25T09:00:00Z".parse().unwrap()).unwrap();
    let anew = answer(served.post("/v1/things", "k", "a")).await;
    assert!(!anew.1 && anew.2 != first.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_have_one_effect() {
    let place = Place::new().await;
    let served = Arc::new(place.served().await);
    let all: Vec<_> = (0..6).map(|_| tokio::spawn(answer(served.post("/v1/things", "k", "slow")))).collect();
    testkit::until("the first has begun", async || place.effects().0 == 1).await;
    place.effects.permits.add_permits(1);
    let mut bodies = Vec::new();
    let mut replayed = 0;
    for one in all {
        let (status, again, body) = one.await.unwrap();
        assert_eq!(status, 201);
        replayed += u32::from(again);
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!((bodies.len(), replayed, place.effects()), (1, 5, (1, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_end_lets_the_next_one_wait_and_then_says_so() {
    let place = Place::new().await;
    let served = place.served().await;
    let first = tokio::spawn(answer(served.post("/v1/things", "k", "slow")));
    testkit::until("the first has begun", async || place.effects().0 == 1).await;
    let (status, _, body) = answer(served.post("/v1/things", "k", "slow")).await;
    assert_eq!((status, body["type"].as_str()), (409, Some("/problems/still-running")));
    place.effects.permits.add_permits(1);
    assert_eq!(first.await.unwrap().0, 201);
    assert!(answer(served.post("/v1/things", "k", "slow")).await.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_can_be_neither_read_nor_tried_out() {
    let place = Place::new().await;
    answer(place.served().await.post("/v1/things", "ada@canary.example", "ada@canary.example")).await;
    let kept = place.database.superuser().await.query_one("SELECT key, body_hmac FROM infra.idempotency", &[]).await.unwrap();
    let (key, hmac): (String, Vec<u8>) = (kept.get(0), kept.get(1));
    assert!(!key.contains("canary") && key.len() == 64);
    let body = json!({"name": "ada@canary.example"}).to_string();
    let plain = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    assert!(hmac.len() == 32 && hmac != plain.as_ref());
}
