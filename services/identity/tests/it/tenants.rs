//! Tenants: made by the house, changed by themselves, stopped by the house.

use crate::app::{App, acme, change, post_once};
use events::topics;
use kernel::{Service, TenantId};
use serde_json::json;
use std::collections::BTreeSet;
use testkit::Listener;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_with_its_first_key_and_everybody_is_told() {
    let app = App::start().await;
    let (states, acts) =
        (Listener::start(&app.kafka, &topics::TENANTS).await, Listener::start(&app.kafka, topics::acts(Service::Identity)).await);
    let answer = app.holder(&app.house).post("/v1/tenants", &acme()).await;
    let made = answer.json();
    let id: TenantId = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (answer.status, answer.header("location"), answer.header("etag")),
        (201, Some(format!("/v1/tenants/{id}").as_str()), Some("\"1\""))
    );
    assert_eq!((&made["chosen_services"], &made["state"]), (&json!(["newsletter", "support"]), &json!("active")));

    let owner = app.client.with_bearer(made["owner_key"]["key"].as_str().unwrap());
    let me = owner.get("/v1/me").await;
    assert_eq!((me.status, me.json()["tenant_id"].as_str()), (200, Some(id.to_string().as_str())), "a fresh key works at once");
    assert_eq!(me.json()["roles"], json!(["owner"]));
    assert_eq!(owner.get(&format!("/v1/tenants/{id}")).await.json()["name"], "Acme GmbH");

    let told: events::identity::Tenant = states.next(|event| event.key == id.as_bytes()).await.decode().unwrap();
    assert_eq!((told.version, told.jurisdiction.as_str(), told.privacy_policy_version.as_str()), (1, "DE", "2026-01"));
    // Each is about something of its own, so they come on partitions of their own, in any order.
    let mut kinds = BTreeSet::new();
    while kinds.len() < 2 {
        let act: events::platform::Act = acts.next(|event| event.tenant == id).await.decode().unwrap();
        assert_eq!(act.principal_id, app.house.id.as_bytes());
        assert!(kinds.insert(act.kind.clone()), "{} was told twice", act.kind);
    }
    assert_eq!(kinds, ["identity.key_created", "identity.tenant_created"].map(str::to_owned).into());
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_makes_one_tenant_and_never_shows_the_key_again() {
    let app = App::start().await;
    let house = app.holder(&app.house);
    let first = post_once(&house, "/v1/tenants", "acme-1", &acme()).await;
    let again = post_once(&house, "/v1/tenants", "acme-1", &acme()).await;
    assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (201, 201, Some("true")));
    let mut without_secret = first.json();
    assert!(without_secret["owner_key"].as_object_mut().unwrap().remove("key").is_some_and(|key| key.is_string()));
    assert_eq!(again.json(), without_secret);

    let mut other = acme();
    other["name"] = json!("Other");
    let answer = post_once(&house, "/v1/tenants", "acme-1", &other).await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_died_after_its_claim_makes_the_tenant_when_it_is_repeated() {
    let app = App::start().await;
    let house = app.holder(&app.house);
    let first = post_once(&house, "/v1/tenants", "acme-1", &acme()).await.json();
    // As if the process had died between the two transactions.
    let gone = format!(
        "DELETE FROM identity.api_keys WHERE tenant_id = '{0}'; DELETE FROM identity.tenants WHERE tenant_id = '{0}'",
        first["id"].as_str().unwrap()
    );
    app.database.superuser().await.batch_execute(&gone).await.unwrap();
    let again = post_once(&house, "/v1/tenants", "acme-1", &acme()).await;
    assert_eq!((again.status, &again.json()["id"]), (201, &first["id"]));
    let owner = app.client.with_bearer(again.json()["owner_key"]["key"].as_str().unwrap());
    assert_eq!(owner.get("/v1/me").await.status, 200);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_house_makes_tenants() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let house_auditor = app.key(&app.house, "auditor").await;
    let house_owner = app.key(&app.house, "owner").await;
    for key in [owner, house_auditor, house_owner] {
        let answer = app.holder(&key).post("/v1/tenants", &acme()).await;
        assert_eq!((answer.status, answer.json()["reason"].as_str()), (403, Some("verb-not-granted")));
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_is_not_found_and_the_house_sees_all() {
    let app = App::start().await;
    let ((acme, _), (_, other)) = (app.tenant().await, app.tenant().await);
    let other = app.holder(&other);
    let unknown = other.get(&format!("/v1/tenants/{}", TenantId::new(&app.clock))).await;
    let theirs = other.get(&format!("/v1/tenants/{acme}")).await;
    assert_eq!((theirs.status, theirs.without_instance()), (404, unknown.without_instance()));
    for body in [json!({"chosen_services": []}), json!({"state": "suspended"})] {
        assert_eq!(
            change(&other, &format!("/v1/tenants/{acme}"), Some("\"1\""), &body).await.without_instance(),
            unknown.without_instance()
        );
    }
    assert_eq!(app.holder(&app.house).get(&format!("/v1/tenants/{acme}")).await.status, 200);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_changes_what_it_says_in_the_version_that_it_read() {
    let app = App::start().await;
    let (id, owner) = app.tenant().await;
    let (owner, path, body) =
        (app.holder(&owner), format!("/v1/tenants/{id}"), json!({"chosen_services": ["sms"], "privacy_policy_version": "2026-02"}));
    assert_eq!(change(&owner, &path, None, &body).await.status, 428);
    assert_eq!(change(&owner, &path, Some("\"7\""), &body).await.status, 412);
    let answer = change(&owner, &path, Some("\"1\""), &body).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"2\"")));
    let now = owner.get(&path).await.json();
    assert_eq!(
        (&now["chosen_services"], &now["privacy_policy_version"], &now["privacy_policy_url"]),
        (&json!(["sms"]), &json!("2026-02"), &json!("https://acme.example/privacy"))
    );
    assert_eq!(change(&owner, &path, Some("\"1\""), &body).await.status, 412);
    assert_eq!(app.database.count(id, "identity.tenant_changed").await, 1, "what was refused is not on record");
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_stops_a_tenant_and_lets_it_go_on() {
    let app = App::start().await;
    let (id, owner) = app.tenant().await;
    let (house, owner, path) = (app.holder(&app.house), app.holder(&owner), format!("/v1/tenants/{id}"));
    let by_itself = change(&owner, &path, Some("\"1\""), &json!({"state": "suspended"})).await;
    assert_eq!((by_itself.status, by_itself.json()["reason"].as_str()), (403, Some("verb-not-granted")));
    assert_eq!(change(&house, &path, Some("\"1\""), &json!({"state": "suspended"})).await.status, 200);
    app.until_me_is(&owner, 403).await;
    assert_eq!(owner.get("/v1/me").await.json()["reason"], "tenant-suspended");
    assert_eq!(change(&house, &path, Some("\"2\""), &json!({"state": "active"})).await.status, 200);
    app.until_me_is(&owner, 200).await;
    assert_eq!(
        change(&house, &format!("/v1/tenants/{}", TenantId::HOUSE), Some("\"1\""), &json!({"state": "suspended"})).await.status,
        409
    );
    let closed = change(&house, &path, Some("\"3\""), &json!({"state": "closed"})).await;
    assert_eq!((closed.status, closed.json()["errors"][0]["pointer"].as_str()), (422, Some("/state")));
    for act in ["identity.tenant_suspended", "identity.tenant_resumed"] {
        assert_eq!(app.database.count(id, act).await, 1, "{act}");
    }
    app.runtime.shut_down().await;
}
