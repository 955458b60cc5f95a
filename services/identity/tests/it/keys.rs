//! API keys: shown once, narrowed, replaced, ended.

use crate::app::{App, delete, key_in, post_once};
use kernel::PrincipalId;
use serde_json::{Value, json};
use testkit::Key;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_only_its_hash_is_kept() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let client = app.holder(&owner);
    let body = json!({"roles": ["support"], "label": "help-desk"});
    let made = post_once(&client, "/v1/api-keys", "k1", &body).await;
    let key = key_in(&made.json(), &owner.tenant.to_string());
    assert_eq!((made.status, made.header("location")), (201, Some(format!("/v1/api-keys/{}", key.id).as_str())));
    let again = post_once(&client, "/v1/api-keys", "k1", &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    let shown = client.get(&format!("/v1/api-keys/{}", key.id)).await;
    let listed = client.get("/v1/api-keys").await;
    let secret = key.text.split('_').nth(3).unwrap();
    for answer in [&again, &shown, &listed] {
        assert!(answer.text.contains(&key.id.to_string()) && !answer.text.contains(secret), "{}", answer.text);
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
    let kept = everything(&app).await;
    let hash = hash_of(&kept, key.id);
    assert_eq!(hash.len(), 64);
    assert!(!kept.contains(secret) && !kept.contains(&key.text) && kept.contains("help-desk"));
    assert!(kept.contains(&hash), "the scan sees what is there");
    app.runtime.shut_down().await;
}

/// Every row of the service's schemas as text.
async fn everything(app: &App) -> String {
    let database = app.database.superuser().await;
    let mut kept = String::new();
    for table in ["identity.tenants", "identity.api_keys", "infra.outbox", "infra.idempotency", "infra.inbox"] {
        let rows = database.query(&format!("SELECT row_to_json(t)::text FROM {table} t"), &[]).await.unwrap();
        kept.extend(rows.iter().map(|row| row.get::<_, String>(0) + "\n"));
    }
    kept
}

fn hash_of(kept: &str, id: PrincipalId) -> String {
    let row = kept.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|row| row["id"] == id.to_string()).unwrap();
    row["secret_sha256"].as_str().unwrap().trim_start_matches("\\x").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_for_more_than_its_role_is_refused_part_by_part() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let client = app.holder(&owner);
    let widened =
        json!({"roles": ["support"], "limit": {"verbs": ["read", "erase"], "categories": ["billing"], "purposes": ["direct_marketing"]}});
    let answer = client.post("/v1/api-keys", &widened).await;
    let faults: Vec<(String, String)> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap().to_owned(), fault["code"].as_str().unwrap().to_owned()))
        .collect();
    let expected = ["/limit/verbs", "/limit/categories", "/limit/purposes"].map(|pointer| (pointer.to_owned(), "not-in-role".to_owned()));
    assert_eq!((answer.status, faults), (422, expected.to_vec()));

    let narrowed = json!({"roles": ["support"], "limit": {"verbs": ["read"], "purposes": ["client_service:support"]}});
    let key = key_in(&client.post("/v1/api-keys", &narrowed).await.json(), &owner.tenant.to_string());
    let me = app.holder(&key).get("/v1/me").await.json();
    assert_eq!((&me["limit"]["verbs"], &me["limit"]["purposes"]), (&json!(["read"]), &json!(["client_service:support"])));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_out_what() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let admin = app.key(&owner, "admin").await;
    let client = app.holder(&admin);
    assert_eq!(
        client.post("/v1/api-keys", &json!({"roles": ["marketer"]})).await.status,
        201,
        "an administrator hands out what it may not read"
    );
    for (role, code) in [("owner", "not-yours-to-hand-out"), ("house_admin", "role-of-the-house")] {
        let answer = client.post("/v1/api-keys", &json!({"roles": [role]})).await;
        let fault = &answer.json()["errors"][0];
        assert_eq!((answer.status, fault["pointer"].as_str(), fault["code"].as_str()), (422, Some("/roles/0"), Some(code)));
    }
    let token = app.token(&owner, "grant_type=client_credentials&scope=verb:admin").await.json();
    let narrowed = app.client.with_bearer(token["access_token"].as_str().unwrap());
    let answer = narrowed.post("/v1/api-keys", &json!({"roles": ["owner"]})).await;
    assert_eq!((answer.status, answer.json()["errors"][0]["code"].as_str()), (422, Some("not-yours-to-hand-out")), "{}", answer.text);
    let answer = narrowed.post(&format!("/v1/api-keys/{}/reroll", owner.id), &json!({})).await;
    assert_eq!(answer.status, 422, "rerolling is a way to come to a secret");
    assert_eq!(app.holder(&owner).get("/v1/me").await.status, 200);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_from_its_networks_and_until_its_end_only() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let client = app.holder(&owner);
    let elsewhere = client.post("/v1/api-keys", &json!({"roles": ["support"], "networks": ["198.51.100.0/24"]})).await.json();
    let answer = app.client.with_bearer(elsewhere["key"].as_str().unwrap()).get("/v1/me").await;
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (403, Some("network-not-allowed")));
    let here = client
        .post("/v1/api-keys", &json!({"roles": ["admin"], "networks": ["127.0.0.0/8"], "expires_at": "2026-11-24T10:00:00Z"}))
        .await
        .json();
    let here = app.client.with_bearer(here["key"].as_str().unwrap());
    assert_eq!(here.get("/v1/me").await.status, 200);
    let freer = here.post("/v1/api-keys", &json!({"roles": ["support"]})).await.json();
    let pointers: Vec<&str> = freer["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/networks", "/expires_at"]);
    app.clock.advance_to("2026-11-24T10:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(here.get("/v1/me").await.status, 401);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_the_place_of_an_old_one() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let old = app.key(&owner, "support").await;
    let client = app.holder(&owner);
    let path = |key: &Key| format!("/v1/api-keys/{}/reroll", key.id);
    let answer = post_once(&client, &path(&old), "r1", &json!({"overlap_seconds": 3600})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = key_in(&answer.json(), &owner.tenant.to_string());
    assert_eq!((answer.json()["replaces"].as_str(), &answer.json()["roles"]), (Some(old.id.to_string().as_str()), &json!(["support"])));
    let replayed = post_once(&client, &path(&old), "r1", &json!({"overlap_seconds": 3600})).await.json();
    assert_eq!((&replayed["id"], &replayed["key"]), (&answer.json()["id"], &Value::Null));
    assert_eq!((app.holder(&old).get("/v1/me").await.status, app.holder(&new).get("/v1/me").await.status), (200, 200));
    testkit::until("the end has come through", || async {
        client.get(&format!("/v1/api-keys/{}", old.id)).await.json()["expires_at"] == "2026-11-24T10:00:00Z"
    })
    .await;
    app.clock.advance_to("2026-11-24T10:00:00Z".parse().unwrap()).unwrap();
    app.until_me_is(&app.holder(&old), 401).await;
    assert_eq!(app.holder(&new).get("/v1/me").await.status, 200);
    assert_eq!(client.post(&path(&old), &json!({})).await.status, 409, "what is over is not replaced");
    assert_eq!(client.post(&path(&new), &json!({})).await.status, 201);
    app.until_me_is(&app.holder(&new), 401).await;
    let longest = client.post(&path(&app.key(&owner, "support").await), &json!({"overlap_seconds": 604_800})).await;
    assert_eq!(longest.status, 201, "seven days: {}", longest.text);
    assert_eq!(app.database.count(owner.tenant, "identity.key_rerolled").await, 3, "what is replayed or refused is not on record");
    let too_long = client.post(&path(&owner), &json!({"overlap_seconds": 604_801})).await;
    assert_eq!((too_long.status, too_long.json()["errors"][0]["pointer"].as_str()), (422, Some("/overlap_seconds")));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_nobody_and_so_are_its_tokens() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let key = app.key(&owner, "support").await;
    let token = app.token(&key, "grant_type=client_credentials").await.json();
    let (with_key, with_token) = (app.holder(&key), app.client.with_bearer(token["access_token"].as_str().unwrap()));
    assert_eq!((with_key.get("/v1/me").await.status, with_token.get("/v1/me").await.status), (200, 200));
    let (client, path) = (app.holder(&owner), format!("/v1/api-keys/{}", key.id));
    assert_eq!(delete(&client, &path).await.status, 204);
    app.until_me_is(&with_key, 401).await;
    assert_eq!(with_token.get("/v1/me").await.status, 401);
    assert_eq!(app.token(&key, "grant_type=client_credentials").await.status, 401);
    let ended = client.get(&path).await;
    assert_eq!((ended.json()["state"].as_str(), ended.header("etag")), (Some("revoked"), Some("\"2\"")));
    assert_eq!(delete(&client, &path).await.status, 204);
    assert_eq!(client.get(&path).await.header("etag"), Some("\"2\""), "once more changes nothing");
    assert_eq!(app.database.count(owner.tenant, "identity.key_revoked").await, 1, "nor is it on record twice");
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_key_is_not_found() {
    let app = App::start().await;
    let ((_, acme), (_, other)) = (app.tenant().await, app.tenant().await);
    let client = app.holder(&other);
    let unknown = PrincipalId::new(&app.clock);
    let (theirs, nobodys) = (format!("/v1/api-keys/{}", acme.id), format!("/v1/api-keys/{unknown}"));
    assert_eq!(client.get(&theirs).await.without_instance(), client.get(&nobodys).await.without_instance());
    assert_eq!((delete(&client, &theirs).await.status, delete(&client, &nobodys).await.status), (404, 404));
    let reroll = client.post(&format!("{theirs}/reroll"), &json!({})).await;
    assert_eq!((reroll.status, reroll.without_instance()), (404, client.get(&nobodys).await.without_instance()));
    assert!(!client.get("/v1/api-keys").await.text.contains(&acme.id.to_string()));
    assert_eq!(app.holder(&acme).get("/v1/me").await.status, 200);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_newest_first_page_by_page() {
    let app = App::start().await;
    let ((_, owner), (_, other)) = (app.tenant().await, app.tenant().await);
    let mut made = vec![owner.id.to_string()];
    for _ in 0..4 {
        made.insert(0, app.key(&owner, "support").await.id.to_string());
    }
    let client = app.holder(&owner);
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, None::<String>);
    loop {
        let path = cursor.as_ref().map_or("/v1/api-keys?limit=2".to_owned(), |cursor| format!("/v1/api-keys?limit=2&cursor={cursor}"));
        let page = client.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert_eq!(app.holder(&other).get(&format!("/v1/api-keys?cursor={next}")).await.status, 400, "a cursor is one tenant's");
        cursor = Some(next.to_owned());
    }
    assert_eq!((seen, pages), (made, 3));
    app.runtime.shut_down().await;
}
