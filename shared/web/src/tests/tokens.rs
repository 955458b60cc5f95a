use super::{Answer, ISSUER, NOW, World, limit};
use crate::apikey::ApiKey;
use crate::token::{Claims, LONGEST_LIFE, Verifier};
use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::identity::TenantState;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Clock, PrincipalId, TenantId, Timestamp};
use privacy::{AccessLimit, Category, CategorySet};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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

/// Serves a JWKS; counts how often it was asked for.
fn published(jwks: Value) -> (String, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let server = HttpServer::new(move || {
        let (jwks, count) = (jwks.clone(), count.clone());
        App::new().route(
            "/jwks",
            web::get().to(move || {
                count.fetch_add(1, Ordering::AcqRel);
                let answer = HttpResponse::Ok().json(&jwks);
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
    (format!("http://{address}/jwks"), asked)
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

/// A verifier that holds at [`NOW`], its signer, and claims that hold.
fn verifier() -> (Verifier, Signer, Value, Arc<AtomicU32>) {
    let (clock, signer) = (Clock::test(NOW.parse().unwrap()), Signer::new("one"));
    let (url, asked) = published(signer.jwks.clone());
    let good = claims(PrincipalId::new(&clock), TenantId::new(&clock), AccessLimit::everything());
    (Verifier::new(&clock, ISSUER, &url), signer, good, asked)
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
async fn an_unknown_key_id_is_asked_for_once_in_a_while() {
    let (verifier, signer, good, asked) = verifier();
    for kid in ["two", "three", "four"] {
        assert!(verifier.verify(&signer.sign(kid, "at+jwt", &good)).await.is_none());
    }
    assert_eq!(asked.load(Ordering::Acquire), 1);
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_some(), "what was answered is known");
    assert_eq!(asked.load(Ordering::Acquire), 1);
}

#[tokio::test]
async fn an_answer_without_keys_leaves_nothing_to_believe() {
    let signer = Signer::new("one");
    let (url, _) = published(json!({"keys": [{"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}]}));
    let clock = Clock::test(NOW.parse().unwrap());
    let verifier = Verifier::new(&clock, ISSUER, &url);
    let good = claims(PrincipalId::new(&clock), TenantId::new(&clock), AccessLimit::everything());
    assert!(verifier.verify(&signer.sign("one", "at+jwt", &good)).await.is_none());
}

#[tokio::test]
async fn a_token_allows_what_it_and_its_key_both_allow_and_dies_with_the_key() {
    let signer = Signer::new("one");
    let (url, _) = published(signer.jwks.clone());
    let mut world = World::new();
    world.tokens = Arc::new(Verifier::new(&world.clock, ISSUER, &url));
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
