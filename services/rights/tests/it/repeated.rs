//! A decision on a request, and a request, that are repeated have their effect once.

use crate::app::App;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, send};

async fn post(by: &Client, path: &str, key: &str, body: &Value) -> Answer {
    send(by.request(Method::POST, path).header("idempotency-key", key.to_owned()).json(body)).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

async fn cases(app: &App) -> usize {
    app.client.with(&app.owner).get("/v1/cases").await.json()["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_an_account_that_comes_twice_is_one_case_and_its_link_is_shown_once() {
    let app = App::with_keyring().await;
    let asked = |email: &str| json!({"tenant": app.tenant, "kind": "access", "email": email});
    let ada = asked("ada@example.org");
    let (one, two) = tokio::join!(post(&app.client, "/v1/contact-us", "k-1", &ada), post(&app.client, "/v1/contact-us", "k-1", &ada));
    assert_eq!((one.status, two.status), (202, 202), "{} {}", one.text, two.text);
    assert_ne!(replayed(&one), replayed(&two), "one of them was the first");
    let links: Vec<Value> = [one.json(), two.json()].iter().filter_map(|said| said.get("status_path").cloned()).collect();
    assert_eq!(links.len(), 1, "a secret is never shown twice");
    assert_eq!(cases(&app).await, 1);
    let mut more = ada.clone();
    more["message"] = json!("Please.");
    let other = post(&app.client, "/v1/contact-us", "k-1", &more).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    // A key of somebody without an account meets nobody else's: neither another person's, nor the tenant's own.
    let grace = post(&app.client, "/v1/contact-us", "k-1", &asked("grace@example.org")).await;
    assert_eq!((grace.status, replayed(&grace)), (202, false), "{}", grace.text);
    let body = json!({"kind": "access", "subject_id": kernel::SubjectId::random()});
    let opened = post(&app.client.with(&app.owner), "/v1/cases", "k-1", &body).await;
    assert_eq!((opened.status, replayed(&opened)), (201, false), "{}", opened.text);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_confirmed_and_refused_once_however_often_it_is_said() {
    let app = App::with_keyring().await;
    let owner = app.client.with(&app.owner);
    for (decision, body, other) in [
        ("confirm", json!({"subject_id": kernel::SubjectId::random()}), json!({"subject_id": kernel::SubjectId::random()})),
        ("refuse", json!({"reason": "unfounded"}), json!({"reason": "excessive"})),
    ] {
        let asked = json!({"tenant": app.tenant, "kind": "access", "email": format!("{decision}@example.org")});
        assert_eq!(app.client.post("/v1/contact-us", &asked).await.status, 202);
        let waiting = owner.get("/v1/cases").await.json();
        let waiting = waiting["data"].as_array().unwrap().iter().find(|case| case["state"] == "awaiting-confirmation").unwrap().clone();
        let path = format!("/v1/cases/{}/{decision}", waiting["id"].as_str().unwrap());
        let (one, two) = tokio::join!(post(&owner, &path, decision, &body), post(&owner, &path, decision, &body));
        assert_eq!((one.status, two.status), (200, 200), "{} {}", one.text, two.text);
        assert_ne!(replayed(&one), replayed(&two), "one of them was the first");
        assert_eq!(one.json()["id"], two.json()["id"]);
        let changed = post(&owner, &path, decision, &other).await;
        assert_eq!((changed.status, changed.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")), "{decision}");
        assert_eq!(owner.post(&path, &body).await.status, 409, "without the key it is another request");
    }
    for kind in ["rights.case_confirmed", "rights.case_refused", "rights.case_closed"] {
        assert_eq!(app.count(kind).await, 1, "{kind}");
    }
    app.stop().await;
}
