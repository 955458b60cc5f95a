//! The document, the walk over every operation, and bad input on every route.

use crate::app::{App, acme, change};
use kernel::{PrincipalId, Service, TenantId};
use reqwest::Method;
use seal::evidence::{Kind, Signer};
use serde_json::{Value, json};
use testkit::{Answer, Client, send};

#[test]
fn the_api_is_what_we_said() {
    let document = identity::openapi();
    assert_eq!(web::operations_without_limit(&document), Vec::<String>::new());
    insta::with_settings!({snapshot_path => "../../../../docs/openapi", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("identity", document);
    });
}

#[test]
fn nothing_in_the_inventory_is_about_people() {
    let stores = identity::inventory();
    assert_eq!(stores.iter().map(|store| store.store).collect::<Vec<_>>(), ["identity.tenants", "identity.api_keys"]);
    assert!(
        stores.iter().all(|store| store.service == Service::Identity && store.fields.iter().all(|field| field.why_not_personal.is_some()))
    );
}

struct Operation {
    method: Method,
    path: String,
    verb: Option<String>,
    public: bool,
}

/// Every operation of the document, with ids of things that are the caller's own.
fn operations(tenant: TenantId, key: PrincipalId) -> Vec<Operation> {
    let document = serde_json::to_value(identity::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let id = if path.starts_with("/v1/tenants") { tenant.to_string() } else { key.to_string() };
        for (method, operation) in item.as_object().unwrap() {
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{id}", &id),
                verb: operation["x-access-limit"]["verb"].as_str().map(ToOwned::to_owned),
                public: operation["x-public"] == true,
            });
        }
    }
    assert!(all.len() >= 14);
    all
}

async fn call(client: &Client, operation: &Operation) -> Answer {
    let request = client.request(operation.method.clone(), &operation.path);
    send(if operation.method == Method::GET { request } else { request.header("if-match", "\"1\"").json(&json!({})) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_who_calls_and_what_they_may_do() {
    let app = App::start().await;
    let (tenant, owner) = app.tenant().await;
    let support = app.key(&owner, "support").await;
    std::fs::write(app.folder.path().join("evidence.json"), "{\"keys\": []}").unwrap();
    for operation in operations(tenant, owner.id) {
        let label = format!("{} {}", operation.method, operation.path);
        let nobody = call(&app.client, &operation).await;
        assert_eq!(nobody.status, if operation.public { 200 } else { 401 }, "{label} as nobody");
        assert_eq!(nobody.header("www-authenticate").is_some(), !operation.public, "{label}");
        let unknown = call(&app.client.with_bearer("mxtr_live_cnry"), &operation).await;
        assert_eq!(unknown.status, nobody.status, "{label} with text that is no key");
        assert!(!unknown.text.contains("cnry"), "{label}");
        let without_admin = call(&app.client.with(&support), &operation).await;
        if operation.verb.as_deref() == Some("admin") {
            assert_eq!(
                (without_admin.status, without_admin.json()["reason"].as_str()),
                (403, Some("verb-not-granted")),
                "{label} without admin"
            );
        } else {
            assert!(![401, 403].contains(&without_admin.status), "{label} without admin");
        }
    }
    assert_eq!(app.client.with(&owner).get("/v1/api-keys").await.json()["data"].as_array().unwrap().len(), 2, "nothing was made or ended");
    app.runtime.shut_down().await;
}

const CANARY: &str = "cnry-4711";

fn bad_tenants() -> Vec<(Value, &'static str)> {
    let with = |field: &str, value: Value| {
        let mut body = acme();
        body[field] = value;
        body
    };
    vec![
        (json!({}), "/name"),
        (json!([CANARY]), ""),
        (with("name", json!(format!("{CANARY}\nGmbH"))), "/name"),
        (with("name", json!("")), "/name"),
        (with("name", json!(7)), "/name"),
        (with("privacy_policy_url", json!(format!("http://{CANARY}.example/"))), "/privacy_policy_url"),
        (with("privacy_policy_version", json!(format!("{CANARY} 1"))), "/privacy_policy_version"),
        (with("time_zone", json!(format!("Europe/{CANARY}"))), "/time_zone"),
        (with("jurisdiction", json!("de")), "/jurisdiction"),
        (with("chosen_services", json!(["support", CANARY])), "/chosen_services"),
        (with("chosen_services", json!(null)), "/chosen_services"),
        (with("surplus", json!(CANARY)), "/surplus"),
    ]
}

fn bad_keys() -> Vec<(Value, &'static str)> {
    vec![
        (json!({}), "/roles"),
        (json!({"roles": []}), "/roles"),
        (json!({"roles": ["support", "auditor"]}), "/roles"),
        (json!({"roles": [CANARY]}), "/roles/0"),
        (json!({"roles": ["support"], "label": format!("Ada {CANARY}")}), "/label"),
        (json!({"roles": ["support"], "limit": {"verbs": [CANARY]}}), "/limit/verbs/0"),
        (json!({"roles": ["support"], "limit": {"purposes": ["other"]}}), "/limit/purposes/0"),
        (json!({"roles": ["support"], "limit": {"categories": "personal"}}), "/limit/categories"),
        (json!({"roles": ["support"], "limit": {"rate": 1}}), "/limit/rate"),
        (json!({"roles": ["support"], "networks": [format!("{CANARY}/8")]}), "/networks/0"),
        (json!({"roles": ["support"], "networks": vec!["10.0.0.0/8"; 51]}), "/networks"),
        (json!({"roles": ["support"], "expires_at": CANARY}), "/expires_at"),
        (json!({"roles": ["support"], "expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"roles": ["support"], "secret": CANARY}), "/secret"),
    ]
}

fn is_refused(answer: &Answer, pointer: &str, body: &Value) {
    assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{body} got {}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(!answer.text.contains("cnry"), "{body} is repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_body_gets_a_problem_that_names_the_field_and_repeats_nothing() {
    let app = App::start().await;
    let (tenant, owner) = app.tenant().await;
    let (house, client) = (app.client.with(&app.house), app.client.with(&owner));
    for (body, pointer) in bad_tenants() {
        is_refused(&house.post("/v1/tenants", &body).await, pointer, &body);
    }
    for (body, pointer) in bad_keys() {
        is_refused(&client.post("/v1/api-keys", &body).await, pointer, &body);
    }
    let reroll = format!("/v1/api-keys/{}/reroll", owner.id);
    for (body, pointer) in [
        (json!({"overlap_seconds": -1}), "/overlap_seconds"),
        (json!({"overlap_seconds": CANARY}), "/overlap_seconds"),
        (json!({"label": CANARY}), "/label"),
    ] {
        is_refused(&client.post(&reroll, &body).await, pointer, &body);
    }
    let path = format!("/v1/tenants/{tenant}");
    for (body, pointer) in [
        (json!({"name": CANARY}), "/name"),
        (json!({"state": CANARY}), "/state"),
        (json!({"privacy_policy_url": CANARY}), "/privacy_policy_url"),
    ] {
        is_refused(&change(&client, &path, Some("\"1\""), &body).await, pointer, &body);
    }
    assert_eq!(client.get(&path).await.header("etag"), Some("\"1\""));
    assert_eq!(client.get("/v1/api-keys").await.json()["data"].as_array().unwrap().len(), 1);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_gets_a_problem_that_repeats_nothing() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let client = app.client.with(&owner);
    for path in ["/v1/tenants", "/v1/api-keys"] {
        let sent = |kind: &'static str, body: String| send(client.request(Method::POST, path).header("content-type", kind).body(body));
        let house = app.client.with(&app.house);
        let caller = if path == "/v1/tenants" { &house } else { &client };
        let unreadable =
            send(caller.request(Method::POST, path).header("content-type", "application/json").body(format!("{{{CANARY}"))).await;
        assert_eq!((unreadable.status, unreadable.text.contains("cnry")), (400, false));
        let large = send(
            caller.request(Method::POST, path).header("content-type", "application/json").body(format!("\"{}\"", "a".repeat(300_000))),
        )
        .await;
        assert_eq!(large.status, 413);
        assert_eq!(sent("text/plain", "{}".to_owned()).await.status, 415);
    }
    for (path, status) in [
        (format!("/v1/tenants/{CANARY}"), 404),
        (format!("/v1/api-keys/{CANARY}"), 404),
        (format!("/v1/api-keys?limit={CANARY}"), 400),
        ("/v1/api-keys?limit=0".to_owned(), 400),
        (format!("/v1/api-keys?cursor={CANARY}"), 400),
        (format!("/v1/api-keys?{CANARY}=1"), 400),
        (format!("/v1/{CANARY}"), 404),
    ] {
        let answer = client.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/problem+json")), "{path}");
        assert!(!answer.text.contains("cnry"), "{path} is repeated");
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_finds_the_public_keys() {
    let app = App::start().await;
    let keys = app.client.get("/.well-known/jwks.json").await;
    assert_eq!((keys.status, keys.header("cache-control")), (200, Some("public, max-age=300")));
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 2);
    assert!(!keys.text.contains("\"d\""));

    let metadata = app.client.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["issuer"], app.config.common.issuer);
    assert_eq!(metadata["jwks_uri"], app.config.common.jwks_url);
    assert_eq!(metadata["token_endpoint"], format!("{}/oauth/token", app.config.common.issuer));

    let published = |text: String| std::fs::write(app.folder.path().join("evidence.json"), text).unwrap();
    let receipts = Signer::from_pkcs8(Kind::Receipt, &Signer::generate_pkcs8()).unwrap();
    published(json!({"keys": [receipts.public_jwk()]}).to_string());
    let evidence = app.client.get("/.well-known/evidence-keys.json").await;
    let known = seal::evidence::PublicKeys::from_json(&evidence.text).unwrap();
    assert!(known.verify(Kind::Receipt, &receipts.sign(&json!({"said": "given"}))).is_ok());
    published(CANARY.to_owned());
    let broken = app.client.get("/.well-known/evidence-keys.json").await;
    assert_eq!((broken.status, broken.text.contains("cnry")), (500, false));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_roles_is_the_policys() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let roles = app.client.with(&owner).get("/v1/roles").await.json();
    assert_eq!(roles["policy_version"], privacy::bundle().version);
    assert_eq!(roles["data"], serde_json::to_value(privacy::bundle().roles).unwrap());
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_a_tenants_own() {
    use diesel_async::AsyncConnection as _;
    let database = testkit::database(Service::Identity, identity::MIGRATIONS).await;
    let mut connection = diesel_async::AsyncPgConnection::establish(&database.superuser_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
    let id = "0193a5b0-0000-7000-8000-000000000001";
    let rows = format!(
        "INSERT INTO identity.tenants VALUES ('{id}', 1, 'a', 'active', '{{}}', 'https://a.example', '1', 'UTC', 'DE', '2026-01-01', '2026-01-01')"
    );
    database.superuser().await.batch_execute(&rows).await.unwrap();
    let serving = testkit::connect(&database.url).await;
    assert_eq!(serving.query("SELECT tenant_id FROM identity.tenants", &[]).await.unwrap().len(), 0, "without a tenant nothing is seen");
    let others = "BEGIN; SELECT set_config('app.tenant', '0193a5b0-0000-7000-8000-000000000002', true); UPDATE identity.tenants SET name = 'b'; COMMIT";
    serving.batch_execute(others).await.unwrap();
    let kept = database.superuser().await.query_one("SELECT name FROM identity.tenants", &[]).await.unwrap();
    assert_eq!(kept.get::<_, String>(0), "a");
}
