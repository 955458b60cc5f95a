use crate::support::{Platform, people, tenant};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bus::KafkaConfig;
use events::keyring::{
    CreateKeysRequest, DestroyKeyAnswer, DestroyKeyRequest, HolderKeys, HolderState, IndexKeysAnswer, IndexKeysRequest, KeysAnswer,
    ReleaseKeysRequest,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Service, TenantId};
use keyring::domain::holder::{Kind, Known};
use keyring::domain::matrix::{self, Action, Ask};
use prost::Message;
use reqwest::StatusCode;
use seal::evidence::{self, Signer};
use serde_json::{Value, json};
use std::path::PathBuf;
use uuid::Uuid;

/// A keyring that is served, and whoever issues service tokens for it.
struct Served {
    platform: Platform,
    base: String,
    keys_file: PathBuf,
    pkcs8: Vec<u8>,
    http: reqwest::Client,
}

struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn message<M: Message + Default>(&self) -> M {
        assert_eq!(self.status, StatusCode::OK);
        M::decode(self.body.as_slice()).expect("it is that message")
    }
}

fn jwks(pkcs8: &[u8]) -> (String, String) {
    let signer = Signer::from_pkcs8(evidence::Kind::Participant, pkcs8).expect("this is a key");
    let x = URL_SAFE_NO_PAD.encode(signer.public_key());
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": signer.kid(), "alg": "EdDSA", "use": "sig" });
    (json!({ "keys": [key] }).to_string(), signer.kid().to_owned())
}

impl Served {
    async fn start() -> Self {
        Self::with_budget(1_000_000, 1_000_000).await
    }

    async fn with_budget(burst: u32, per_second: u32) -> Self {
        let platform = Platform::start().await;
        let pkcs8 = Signer::generate_pkcs8();
        let keys_file = platform.roots.path().join("services.jwks");
        std::fs::write(&keys_file, jwks(&pkcs8).0).expect("a file can be written");
        // No broker is there: what keyring says stays in its outbox.
        let nowhere = KafkaConfig { brokers: "127.0.0.1:1".to_owned(), topic_prefix: String::new(), group_prefix: String::new() };
        let config = platform.config(&nowhere, &keys_file, burst, per_second);
        let runtime = runtime::Runtime::new(Service::Keyring, platform.clock.clone());
        let running = keyring::start(config, runtime.clone()).await.expect("keyring starts");
        let ready = async {
            while !runtime.unready().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), ready).await.expect("keyring becomes ready");
        let base = format!("http://{}", running.internal.expect("keyring has an internal address"));
        Self { platform, base, keys_file, pkcs8, http: reqwest::Client::new() }
    }

    fn claims(&self, service: &str) -> Value {
        json!({ "iss": "mxtr-services", "sub": service, "aud": "keyring", "exp": self.platform.clock.now().as_second() + 300 })
    }

    fn token(&self, claims: &Value) -> String {
        sign(&self.pkcs8, &jwks(&self.pkcs8).1, claims)
    }

    async fn post(&self, service: &str, path: &str, body: &impl Message) -> Answer {
        self.post_with(Some(self.token(&self.claims(service))), path, body.encode_to_vec()).await
    }

    async fn post_with(&self, token: Option<String>, path: &str, body: Vec<u8>) -> Answer {
        let mut request =
            self.http.post(format!("{}/internal/v1/{path}", self.base)).header("content-type", "application/protobuf").body(body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.expect("keyring answers");
        Answer {
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.expect("the answer has a body").to_vec(),
        }
    }
}

fn sign(pkcs8: &[u8], kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &EncodingKey::from_ed_der(pkcs8)).expect("a token can be signed")
}

fn creating(tenant: TenantId, kind: Kind, ids: &[Uuid], subkeys: &[&str]) -> CreateKeysRequest {
    let asked = asking(tenant, kind, ids, subkeys);
    CreateKeysRequest {
        verb: "write".to_owned(),
        tenant_id: asked.tenant_id,
        kind: asked.kind,
        holder_ids: asked.holder_ids,
        subkeys: asked.subkeys,
        purpose: asked.purpose,
    }
}

fn asking(tenant: TenantId, kind: Kind, ids: &[Uuid], subkeys: &[&str]) -> ReleaseKeysRequest {
    ReleaseKeysRequest {
        tenant_id: tenant.as_bytes().to_vec(),
        kind: kind.event().into(),
        holder_ids: ids.iter().map(|id| id.as_bytes().to_vec()).collect(),
        subkeys: subkeys.iter().map(|name| (*name).to_owned()).collect(),
        purpose: "operate".to_owned(),
        verb: "read".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_the_subkeys_it_asked_for_in_the_order_it_asked() {
    let served = Served::start().await;
    let ids = people(300);
    let made: KeysAnswer =
        served.post("contacts", "keys/create", &creating(tenant(1), Kind::Subject, &ids, &["personal", "audit"])).await.message();
    assert!(
        made.holders
            .iter()
            .zip(&ids)
            .all(|(holder, id)| holder.holder_id == id.as_bytes() && holder.state() == HolderState::Live && holder.keys.len() == 2)
    );
    let inside = served.platform.process().await;
    let Known::Live(key) = inside.release(tenant(1), &ids[7..8]).await.remove(0) else { panic!("a key was made") };
    assert_eq!(made.holders[7].keys[0], key.category(privacy::Category::Personal).key().as_bytes());
    assert_eq!(made.holders[7].keys[1], key.subkey("audit").as_bytes());

    inside.shred(tenant(1), ids[0]).await;
    let asked = [ids[8], ids[0], Uuid::new_v4(), ids[7]];
    let released: KeysAnswer =
        served.post("consent", "keys/release", &asking(tenant(1), Kind::Subject, &asked, &["preferences"])).await.message();
    let states: Vec<HolderState> = released.holders.iter().map(HolderKeys::state).collect();
    assert_eq!(states, [HolderState::Live, HolderState::Shredded, HolderState::Unknown, HolderState::Live]);
    assert_eq!(released.holders[3].keys, [key.category(privacy::Category::Preferences).key().as_bytes().to_vec()]);
    assert!(released.holders[1].keys.is_empty() && released.holders[2].keys.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_token_nobody_gets_anything() {
    let served = Served::start().await;
    let body = asking(tenant(1), Kind::Subject, &people(1), &["personal"]).encode_to_vec();
    let good = served.claims("contacts");
    let now = served.platform.clock.now().as_second();
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        Some(served.token(&claims))
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().expect("claims are an object").remove(name);
        Some(served.token(&claims))
    };
    let (other_key, kid) = (Signer::generate_pkcs8(), jwks(&served.pkcs8).1);
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": kid }).to_string()),
        URL_SAFE_NO_PAD.encode(good.to_string())
    );
    let hmac = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
    let public = Signer::from_pkcs8(evidence::Kind::Participant, &served.pkcs8).unwrap().public_key();
    let wrong = [
        ("no token", None),
        ("garbage", Some("garbage".to_owned())),
        ("another audience", with("aud", json!("contacts"))),
        ("no audience", without("aud")),
        ("another issuer", with("iss", json!("https://mxtr.example"))),
        ("expired", with("exp", json!(now))),
        ("no expiry", without("exp")),
        ("not yet", with("nbf", json!(now + 1))),
        ("no service", with("sub", json!("nobody"))),
        ("no subject", without("sub")),
        ("another key under the same id", Some(sign(&other_key, &kid, &good))),
        ("an unknown key", Some(sign(&other_key, &jwks(&other_key).1, &good))),
        ("unsigned", Some(unsigned)),
        ("HMAC with the public key", encode(&hmac, &good, &EncodingKey::from_secret(&public)).ok()),
    ];
    for (what, token) in wrong {
        for path in ["keys/create", "keys/release", "keys/destroy", "index-keys"] {
            let answer = served.post_with(token.clone(), path, body.clone()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what} on {path}");
        }
    }
    assert_eq!(served.post_with(Some(served.token(&good)), "keys/release", body.clone()).await.status, StatusCode::OK);
    let epoch = served.http.get(format!("{}/internal/v1/epoch", served.base)).send().await.unwrap();
    assert_eq!(epoch.status(), StatusCode::UNAUTHORIZED);
    served.platform.pass(300);
    let stale = served.token(&good);
    assert_eq!(served.post_with(Some(stale), "keys/release", body).await.status, StatusCode::UNAUTHORIZED, "expired by the clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_the_issuer_are_read_again_when_they_change() {
    let mut served = Served::start().await;
    let body = asking(tenant(1), Kind::Subject, &people(1), &["personal"]);
    let old = served.token(&served.claims("contacts"));
    assert_eq!(served.post("contacts", "keys/release", &body).await.status, StatusCode::OK);
    served.pkcs8 = Signer::generate_pkcs8();
    std::fs::write(&served.keys_file, "{").unwrap();
    assert_eq!(
        served.post_with(Some(old.clone()), "keys/release", body.encode_to_vec()).await.status,
        StatusCode::OK,
        "a damaged file changes nothing"
    );
    let draft = served.keys_file.with_extension("new");
    std::fs::write(&draft, jwks(&served.pkcs8).0).unwrap();
    std::fs::rename(&draft, &served.keys_file).unwrap();
    assert_eq!(served.post("contacts", "keys/release", &body).await.status, StatusCode::OK);
    assert_eq!(served.post_with(Some(old), "keys/release", body.encode_to_vec()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_gets_what_the_table_says_and_nothing_else() {
    let served = Served::start().await;
    let subkeys = privacy::Category::ALL.iter().map(|category| category.name()).chain(["package", "audit", "root"]);
    for subkey in subkeys {
        for service in Service::ALL {
            for kind in Kind::ALL {
                for (action, path, verb) in [(Action::Create, "keys/create", "write"), (Action::Release, "keys/release", "read")] {
                    let allowed = matrix::allows(&Ask { service, action, kind, purpose: "operate", verb }, &[subkey.to_owned()]);
                    let body = match action {
                        Action::Create => creating(tenant(1), kind, &[], &[subkey]).encode_to_vec(),
                        Action::Release | Action::Destroy => asking(tenant(1), kind, &[], &[subkey]).encode_to_vec(),
                    };
                    let answer = served.post_with(Some(served.token(&served.claims(service.name()))), path, body).await;
                    let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
                    assert_eq!(answer.status, expected, "{service} {action:?} {kind:?} {subkey}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_end_where_the_table_says_and_a_persons_never() {
    let served = Served::start().await;
    for service in Service::ALL {
        for kind in Kind::ALL {
            let holder = Uuid::new_v4();
            let body = DestroyKeyRequest {
                tenant_id: tenant(1).as_bytes().to_vec(),
                kind: kind.event().into(),
                holder_id: holder.as_bytes().to_vec(),
            };
            let answer = served.post(service.name(), "keys/destroy", &body).await;
            if matches!((service, kind), (Service::Contacts, Kind::Import) | (Service::Rights, Kind::Case)) {
                let answer: DestroyKeyAnswer = answer.message();
                assert!(answer.unrecoverable_by_us > served.platform.now_us());
            } else {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{service} {kind:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn index_keys_are_for_contacts_alone() {
    let served = Served::start().await;
    let asked = |fields: &[&str]| IndexKeysRequest {
        tenant_id: tenant(1).as_bytes().to_vec(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    };
    let first: IndexKeysAnswer = served.post("contacts", "index-keys", &asked(&["email", "suppression"])).await.message();
    let again: IndexKeysAnswer = served.post("contacts", "index-keys", &asked(&["suppression", "email"])).await.message();
    assert_eq!((&first.keys[0], &first.keys[1]), (&again.keys[1], &again.keys[0]));
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Contacts) {
        assert_eq!(served.post(service.name(), "index-keys", &asked(&["email"])).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(served.post("contacts", "index-keys", &asked(&["name"])).await.status, StatusCode::FORBIDDEN);
    assert_eq!(served.post("contacts", "index-keys", &asked(&[])).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_drained_stops_and_it_is_on_record_once() {
    let served = Served::with_budget(10, 2).await;
    let ids = people(10);
    let body = asking(tenant(1), Kind::Subject, &ids, &["personal"]);
    assert_eq!(served.post("contacts", "keys/release", &body).await.status, StatusCode::OK);
    for _ in 0..3 {
        let refused = served.post("contacts", "keys/release", &body).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers["retry-after"], "5");
    }
    let other = asking(tenant(2), Kind::Subject, &ids, &["personal"]);
    assert_eq!(served.post("contacts", "keys/release", &other).await.status, StatusCode::OK, "another tenant's budget");
    let consent = asking(tenant(1), Kind::Subject, &ids, &["preferences"]);
    assert_eq!(served.post("consent", "keys/release", &consent).await.status, StatusCode::OK, "another service's budget");
    served.platform.pass(5);
    assert_eq!(served.post("contacts", "keys/release", &body).await.status, StatusCode::OK);
    let published = served.platform.process_before_its_first_turn().await.published(tenant(1)).await;
    assert_eq!(published, ["keyring.budget_exceeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_says_why() {
    let served = Served::start().await;
    let token = || Some(served.token(&served.claims("contacts")));
    let good = asking(tenant(1), Kind::Subject, &people(2), &["personal"]);
    let wrong = [
        (StatusCode::BAD_REQUEST, vec![0xff, 0xff]),
        (StatusCode::BAD_REQUEST, vec![0; 600 * 1024]),
        (StatusCode::UNPROCESSABLE_ENTITY, ReleaseKeysRequest { kind: 0, ..good.clone() }.encode_to_vec()),
        (StatusCode::UNPROCESSABLE_ENTITY, ReleaseKeysRequest { kind: 9, ..good.clone() }.encode_to_vec()),
        (StatusCode::UNPROCESSABLE_ENTITY, ReleaseKeysRequest { tenant_id: vec![1], ..good.clone() }.encode_to_vec()),
        (StatusCode::UNPROCESSABLE_ENTITY, ReleaseKeysRequest { holder_ids: vec![vec![1]], ..good.clone() }.encode_to_vec()),
        (StatusCode::UNPROCESSABLE_ENTITY, asking(tenant(1), Kind::Subject, &people(5_001), &["personal"]).encode_to_vec()),
        (StatusCode::FORBIDDEN, ReleaseKeysRequest { purpose: "other".to_owned(), ..good.clone() }.encode_to_vec()),
        (StatusCode::FORBIDDEN, ReleaseKeysRequest { verb: "admin".to_owned(), ..good.clone() }.encode_to_vec()),
    ];
    for (status, body) in wrong {
        let answer = served.post_with(token(), "keys/release", body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["status"], status.as_u16());
    }
    let as_json = served
        .http
        .post(format!("{}/internal/v1/keys/release", served.base))
        .bearer_auth(token().unwrap())
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(as_json.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_epoch_can_be_asked_and_turns_by_the_clock() {
    let served = Served::start().await;
    let ask = async || {
        let answer = served
            .http
            .get(format!("{}/internal/v1/epoch", served.base))
            .bearer_auth(served.token(&served.claims("audit")))
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(ask().await, json!({ "epoch": 20_513, "ends_at": "2026-03-02T00:00:00Z", "living": 1 }));
    served.platform.pass(14 * 3_600);
    let turned = async {
        while ask().await != json!({ "epoch": 20_514, "ends_at": "2026-03-03T00:00:00Z", "living": 1 }) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), turned).await.expect("the epoch turns by itself");
}
