use super::{Answer, ISSUER, NOW, World, limit};
use crate::apikey::ApiKey;
use crate::token::{Claims, LONGEST_LIFE, Verifier};
use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::identity::TenantState;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Clock, PrincipalId, TenantId, Timestamp};
use privacy::{AccessLimit, Category, CategorySet};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Identity, as far as this crate knows it: a key and the address where it stands.
struct Signer {
    key: EncodingKey,
    jwks: Value,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let public = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(public.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x});
        Self { key: EncodingKey::from_ed_der(pkcs8.as_ref()), jwks: json!({"keys": [jwk]}) }
    }

    fn sign(&self, kid: &str, typ: &str, claims: &Value) -> String {
        let header = Header { typ: Some(typ.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.key).unwrap()
    }
}

/// A JWKS that is served and can be changed; and how often it was asked for.
#[derive(Clone)]
struct Published {
    jwks: Arc<Mutex<Value>>,
    asked: Arc<AtomicU32>,
}

impl Published {
    fn instead(&self, jwks: &Value) {
        jwks.clone_into(&mut self.jwks.lock().unwrap());
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Acquire)
    }
}

/// Serves a JWKS; says where.
fn published(jwks: &Value) -> (String, Published) {
    let published = Published { jwks: Arc::new(Mutex::new(jwks.clone())), asked: Arc::default() };
    let shared = published.clone();
    let server = HttpServer::new(move || {
        let answering = shared.clone();
        App::new().route(
            "/jwks",
            web::get().to(move || {
                answering.asked.fetch_add(1, Ordering::AcqRel);
                let answer = HttpResponse::Ok().json(&*answering.jwks.lock().unwrap());
                async { answer }
            }),
        )
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    (format!("http://{address}/jwks"), published)
}

/// A verifier that asks for its keys.
fn asking(clock: &Clock, url: &str) -> Arc<Verifier> {
    let verifier = Arc::new(Verifier::new(clock, ISSUER, url));
    let asks = verifier.clone();
    tokio::spawn(async move { asks.keep_asking().await });
    verifier
}

fn claims(principal: PrincipalId, tenant: TenantId, limit: AccessLimit) -> Value {
    let iat = NOW.parse::<Timestamp>().unwrap().as_second();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: principal,
        client_id: principal,
        tenant,
        roles: vec!["support".to_owned()],
        limit,
        iat,
        exp: iat + LONGEST_LIFE,
        jti: "1".to_owned(),
    };
    serde_json::to_value(claims).unwrap()
}

/// A verifier that holds at [`NOW`], its signer, claims that hold, and what identity publishes.
fn verifier() -> (Arc<Verifier>, Signer, Value, Published) {
    verifier_by(&Clock::test(NOW.parse().unwrap()))
}

fn verifier_by(clock: &Clock) -> (Arc<Verifier>, Signer, Value, Published) {
    let signer = Signer::new("one");
    let (url, published) = published(&signer.jwks);
    let good = claims(PrincipalId::new(clock), TenantId::new(clock), AccessLimit::everything());
    (asking(clock, &url), signer, good, published)
}

#[tokio::test]
async fn a_token_of_identity_holds() {
    let (verifier, signer, good, _) = verifier();
    let claims = verifier.verify(&signer.sign("one", "at+jwt", &good)).await.unwrap();
    assert_eq!(claims.sub.to_string(), good["sub"]);
    assert!(verifier.verify(&signer.sign("one", "application/at+jwt", &good)).await.is_some());
}

#[tokio::test]
async fn a_token_that_says_anything_else_does_not() {
    let (verifier, signer, good, _) = verifier();
    let now = good["iat"].as_i64().unwrap();
    let changed = [
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!("keyring")),
        ("aud", json!([ISSUER, "keyring"])),
        ("sub", json!("somebody")),
        ("tenant", json!(null)),
        ("exp", json!(now)),
        ("exp", json!(now + LONGEST_LIFE + 1)),
        ("iat", json!(now + LONGEST_LIFE)),
        ("limit", json!({"verbs": ["everything"], "categories": [], "purposes": []})),
    ];
    for (name, value) in changed {
        let mut claims = good.clone();
        claims[name] = value;
        assert!(verifier.verify(&signer.sign("one", "at+jwt", &claims)).await.is_none(), "{name}");
    }
    for name in ["iss", "aud", "sub", "exp", "iat", "tenant", "limit"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert!(verifier.verify(&signer.sign("one", "at+jwt", &claims)).await.is_none(), "without {name}");
    }
    for typ in ["JWT", "mxtr-receipt+jws", ""] {
        assert!(verifier.verify(&signer.sign("one", typ, &good)).await.is_none(), "{typ}");
    }
}

#[tokio::test]
async fn nobody_elses_signature_and_no_other_algorithm_will_do() {
    let (verifier, signer, good, _) = verifier();
    assert!(verifier.verify(&Signer::new("one").sign("one", "at+jwt", &good)).await.is_none(), "another key of the same name");

    // The public key as a secret: what algorithm confusion tries.
    let public = signer.jwks["keys"][0]["x"].as_str().unwrap();
    let header = Header { typ: Some("at+jwt".to_owned()), kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&header, &good, &EncodingKey::from_secret(public.as_bytes())).unwrap();
    assert!(verifier.verify(&confused).await.is_none());

    let token = signer.sign("one", "at+jwt", &good);
    let (front, signature) = token.rsplit_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoib25lIn0";
    let payload = front.split_once('.').unwrap().1;
    for broken in [
        front.to_owned(),
        format!("{front}."),
        format!("{none}.{payload}."),
        format!("{front}.{}", signature.to_lowercase()),
        "a.b.c".to_owned(),
    ] {
        assert!(verifier.verify(&broken).await.is_none(), "{broken}");
    }
}

#[tokio::test]
async fn key_ids_that_nobody_has_hide_no_new_key_and_make_few_questions() {
    let (verifier, signer, good, published) = verifier();
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_some());
    let asked = published.asked();
    let junk: Vec<String> = (0..100).map(|number| signer.sign(&format!("junk-{number}"), "at+jwt", &good)).collect();
    let answers = join_all(junk.iter().map(|token| verifier.verify(token))).await;
    assert!(answers.iter().all(Option::is_none));
    assert_eq!(published.asked(), asked + 1, "all who wait share a question");

    let next = Signer::new("two");
    published.instead(&next.jwks);
    assert!(verifier.verify(&next.sign("two", "at+jwt", &good)).await.is_some(), "also right after junk");
    assert_eq!(published.asked(), asked + 2);
    assert!(verifier.verify(&next.sign("two", "at+jwt", &good)).await.is_some());
    assert_eq!(published.asked(), asked + 2, "what is known is asked for no more");
}

#[tokio::test]
async fn a_key_that_identity_has_withdrawn_is_believed_for_as_long_as_its_answers_say() {
    let clock = Clock::test(NOW.parse().unwrap());
    let (verifier, signer, mut good, published) = verifier_by(&clock);
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_some());
    published.instead(&Signer::new("two").jwks);
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_some(), "nobody has asked since");

    clock.advance_to("2026-11-24T09:05:00Z".parse().unwrap()).unwrap();
    good["iat"] = json!(clock.now().as_second());
    good["exp"] = json!(clock.now().as_second() + LONGEST_LIFE);
    let token = signer.sign("one", "at+jwt", &good);
    let refused = async {
        while verifier.verify(&token).await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), refused).await.expect("what is withdrawn is refused in the end");
}

#[tokio::test]
async fn an_answer_without_keys_leaves_nothing_to_believe() {
    let signer = Signer::new("one");
    let (url, _) = published(&json!({"keys": [{"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}]}));
    let clock = Clock::test(NOW.parse().unwrap());
    let verifier = asking(&clock, &url);
    let good = claims(PrincipalId::new(&clock), TenantId::new(&clock), AccessLimit::everything());
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_none());
}

#[tokio::test]
async fn a_token_allows_what_it_and_its_key_both_allow_and_dies_with_the_key() {
    let signer = Signer::new("one");
    let (url, _) = published(&signer.jwks);
    let mut world = World::new();
    world.tokens = asking(&world.clock, &url);
    let (tenant, other) = (world.tenant(TenantState::Active), world.tenant(TenantState::Active));
    let of_key = limit(&["read", "write"], &["personal", "business"], &["operate"]);
    let live = world.key(tenant, of_key.clone(), |_| {});
    let revoked = world.key(tenant, of_key, |key| key.revoked_at_us = 1);
    let served = world.serve();
    let id = |key: &str| ApiKey::parse(key).unwrap().id;
    let narrow = AccessLimit { categories: CategorySet::of(&[Category::Business, Category::Billing]), ..AccessLimit::everything() };

    let token = signer.sign("one", "at+jwt", &claims(id(&live), tenant, narrow.clone()));
    let body = Answer::to(served.get("/v1/caller", &token)).await.json();
    assert_eq!(body["limit"], json!({"verbs": ["read", "write"], "categories": ["business"], "purposes": ["operate"]}));
    assert_eq!(body["roles"], json!(["support"]), "what the token was made for");

    for (principal, tenant) in [(id(&revoked), tenant), (id(&live), other), (PrincipalId::new(&world.clock), tenant)] {
        let token = signer.sign("one", "at+jwt", &claims(principal, tenant, narrow.clone()));
        Answer::to(served.get("/v1/caller", &token)).await.is(401, "unauthenticated", None);
    }

    world.clock.advance_to("2026-11-24T09:05:00Z".parse().unwrap()).unwrap();
    Answer::to(served.get("/v1/caller", &token)).await.is(401, "unauthenticated", None);
}
