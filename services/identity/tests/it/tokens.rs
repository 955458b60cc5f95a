//! Tokens: short, narrowed, and no better than their key.

use crate::app::App;
use jiff::ToSpan as _;
use serde_json::json;
use testkit::{Answer, send};

async fn basic(app: &App, user: &str, password: &str, form: &str) -> Answer {
    let request = app.client.request(reqwest::Method::POST, "/oauth/token").basic_auth(user, Some(password));
    send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_buys_a_token_that_a_scope_narrows() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let key = app.key(&owner, "support").await;
    let form = "grant_type=client_credentials&scope=verb:read+purpose:client_service:support&surplus=1";
    for answer in [app.token(&key, form).await, basic(&app, &key.id.to_string(), &key.text, form).await] {
        assert_eq!(
            (answer.status, answer.header("cache-control"), answer.header("pragma")),
            (200, Some("no-store"), Some("no-cache")),
            "{}",
            answer.text
        );
        let token = answer.json();
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert!(token["scope"].as_str().unwrap().starts_with("verb:read category:"));
        let me = app.client.with_bearer(token["access_token"].as_str().unwrap()).get("/v1/me").await.json();
        assert_eq!((me["principal_id"].as_str(), &me["roles"]), (Some(key.id.to_string().as_str()), &json!(["support"])));
        assert_eq!((&me["limit"]["verbs"], &me["limit"]["purposes"]), (&json!(["read"]), &json!(["client_service:support"])));
        assert_eq!(me["limit"]["categories"], json!(["preferences", "personal", "imported", "derived"]));
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_after_five_minutes() {
    let app = App::start().await;
    let token = app.token(&app.house, "grant_type=client_credentials").await.json();
    let client = app.client.with_bearer(token["access_token"].as_str().unwrap());
    app.clock.advance_to(app.clock.now() + 299.seconds()).unwrap();
    assert_eq!(client.get("/v1/me").await.status, 200);
    app.clock.advance_to(app.clock.now() + 1.second()).unwrap();
    assert_eq!(client.get("/v1/me").await.status, 401);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_in_the_words_of_the_standard() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let key = app.key(&owner, "support").await;
    for (form, error) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=password&username=ada&password=cnry-4711", "unsupported_grant_type"),
        ("grant_type=client_credentials&scope=verb:erase", "invalid_scope"),
        ("grant_type=client_credentials&scope=cnry-4711", "invalid_scope"),
        ("grant_type=client_credentials&scope=verb:read&scope=verb:write", "invalid_request"),
    ] {
        let answer = app.token(&key, form).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{form}");
        assert!(!answer.text.contains("cnry"), "{form} is repeated");
    }
    let json =
        send(app.holder(&key).request(reqwest::Method::POST, "/oauth/token").json(&json!({"grant_type": "client_credentials"}))).await;
    assert_eq!((json.status, json.json()["error"].as_str()), (400, Some("invalid_request")));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_live_key_buys_a_token() {
    let app = App::start().await;
    let (_, owner) = app.tenant().await;
    let form = "grant_type=client_credentials";
    let token = app.token(&owner, form).await.json()["access_token"].as_str().unwrap().to_owned();
    let with_token = app.client.with_bearer(&token).request(reqwest::Method::POST, "/oauth/token");
    let answers = [
        send(with_token.header("content-type", "application/x-www-form-urlencoded").body(form)).await,
        send(
            app.client
                .request(reqwest::Method::POST, "/oauth/token")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
        )
        .await,
        basic(&app, &app.house.id.to_string(), &owner.text, form).await,
        basic(&app, &owner.text, "", form).await,
        basic(&app, "ada", "secret", form).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_client")));
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"));
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_tampered_with_is_nobodys() {
    let app = App::start().await;
    let token = app.token(&app.house, "grant_type=client_credentials").await.json()["access_token"].as_str().unwrap().to_owned();
    let mut parts: Vec<String> = token.split('.').map(ToOwned::to_owned).collect();
    let signature = parts.pop().unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", parts[1]);
    let turned: String = signature.chars().rev().collect();
    for wrong in [
        unsigned,
        format!("{}.{}.{turned}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        token[..token.len() - 4].to_owned(),
    ] {
        assert_eq!(app.client.with_bearer(&wrong).get("/v1/me").await.status, 401);
    }
    assert_eq!(app.client.with_bearer(&token).get("/v1/me").await.status, 200);
    app.runtime.shut_down().await;
}
