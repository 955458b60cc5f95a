//! A request that is repeated has its effect once, and one that changes what somebody else changed meanwhile has none.

use crate::app::{App, change};
use crate::imports::{file, map};
use events::keyring::HolderKind;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, send};

const CLIENT: &str = "source=client&basis=contract&country=DE";

fn assurance(provider: &str) -> Value {
    json!({"provider": provider, "document_sha256": "ab".repeat(32), "covers_collection": true, "covers_sharing": false,
        "signed_on": "2026-01-01"})
}

async fn post(by: &Client, path: &str, key: &str, body: &Value) -> Answer {
    send(by.request(Method::POST, path).header("idempotency-key", key.to_owned()).json(body)).await
}

async fn send_file(by: &Client, declared: &str, key: &str, rows: &str) -> Answer {
    let request = by.request(Method::POST, &format!("/v1/imports?{declared}")).header("idempotency-key", key.to_owned());
    send(request.header("content-type", "text/csv").body(rows.to_owned())).await
}

/// Says that it was answered before.
fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

async fn rows(app: &App, table: &str) -> i64 {
    app.database.superuser().await.query_one(&format!("SELECT count(*) FROM contacts.{table}"), &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assurance_that_is_sent_twice_is_there_once_also_when_both_come_at_once() {
    let app = App::start().await;
    let owner = app.owner();
    let body = assurance("acme-data");
    let (one, two) = tokio::join!(post(&owner, "/v1/attestations", "k-1", &body), post(&owner, "/v1/attestations", "k-1", &body));
    assert_eq!((one.status, two.status, one.json()), (201, 201, two.json()), "{} {}", one.text, two.text);
    assert_ne!(replayed(&one), replayed(&two), "one of them was the first");
    let other = post(&owner, "/v1/attestations", "k-1", &assurance("other-data")).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    assert_eq!(rows(&app, "attestations").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_sent_twice_is_one_import_unless_nothing_of_the_first_stayed() {
    let app = App::start().await;
    let owner = app.owner();
    let broken = send_file(&owner, CLIENT, "k-1", "").await;
    assert_eq!(broken.status, 400, "{}", broken.text);
    let ada = file(&[("ada@example.com", "Ada", "")]);
    let (first, again) = (send_file(&owner, CLIENT, "k-1", &ada).await, send_file(&owner, CLIENT, "k-1", &ada).await);
    assert_eq!((first.status, again.status, again.json()), (201, 201, first.json()), "{} {}", first.text, again.text);
    assert_eq!((replayed(&first), replayed(&again)), (false, true));
    let other = send_file(&owner, "source=client&basis=consent", "k-1", &ada).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("/problems/idempotency-key-reused")));
    assert_eq!((rows(&app, "imports").await, rows(&app, "import_chunks").await), (2, 1), "the broken one, and one");

    let path = format!("{}/commit", first.header("location").unwrap());
    let (one, two) = tokio::join!(post(&owner, &path, "k-2", &Value::Null), post(&owner, &path, "k-2", &Value::Null));
    assert_eq!((one.status, two.status), (202, 202), "{} {}", one.text, two.text);
    assert_ne!(replayed(&one), replayed(&two), "one of them was the first");
    let elsewhere = post(&owner, "/v1/attestations", "k-2", &assurance("acme-data")).await;
    assert_eq!(elsewhere.status, 422, "{}", elsewhere.text);
    assert_eq!(app.until_done(first.header("location").unwrap()).await["counts"]["created"], 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_repetitions_at_once_of_a_file_of_which_nothing_stayed_make_one_import() {
    let app = App::start().await;
    let owner = app.owner();
    assert_eq!(send_file(&owner, CLIENT, "k-1", "").await.status, 400);
    let (ada, superuser) = (file(&[("ada@example.com", "Ada", "")]), app.database.superuser().await);
    // Both are on their way before either can see what became of the first.
    let mut holder = app.database.superuser().await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute("SELECT 1 FROM contacts.imports FOR UPDATE").await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let release = async {
        testkit::until("both wait", || async { superuser.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 2 }).await;
        held.rollback().await.unwrap();
    };
    let (one, two, ()) = tokio::join!(send_file(&owner, CLIENT, "k-1", &ada), send_file(&owner, CLIENT, "k-1", &ada), release);
    let statuses = (one.status, two.status);
    assert!(matches!(statuses, (201, 201 | 409) | (409, 201)), "{} {}", one.text, two.text);
    assert_eq!(rows(&app, "imports").await, 2, "the broken one, and one");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_again_while_it_is_still_read_is_told_so() {
    let app = App::start().await;
    let owner = app.owner();
    let (rows, body) = tokio::sync::mpsc::channel::<Result<String, std::io::Error>>(1);
    let declared = format!("/v1/imports?{CLIENT}");
    let slow = owner.request(Method::POST, &declared).header("idempotency-key", "k-1").header("content-type", "text/csv");
    let body = futures_util::stream::unfold(body, async |mut body| Some((body.recv().await?, body)));
    let slow = tokio::spawn(send(slow.body(reqwest::Body::wrap_stream(body))));
    rows.send(Ok(file(&[]))).await.unwrap();
    let begun = || async { self::rows(&app, "imports").await == 1 };
    testkit::until("the first is being read", begun).await;
    let again = send_file(&owner, CLIENT, "k-1", &file(&[])).await;
    assert_eq!((again.status, again.json()["type"].as_str()), (409, Some("/problems/still-running")), "{}", again.text);
    drop(rows);
    assert_eq!(slow.await.unwrap().status, 201);
    assert!(replayed(&send_file(&owner, CLIENT, "k-1", &file(&[])).await));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_mappings_of_one_version_the_second_changes_nothing() {
    let app = App::start().await;
    let owner = app.owner();
    let staged = app.send_file(&owner, CLIENT, "mail,tier\nada@example.com,gold\n").await;
    let path = staged.header("location").unwrap().to_owned();
    let mapping = format!("{path}/mapping");
    let columns = |tier: Value| json!({"columns": {"mail": {"field": "email"}, "tier": tier}});
    let blind = change(&owner, Method::PUT, &mapping, None, &columns(json!("ignored"))).await;
    assert_eq!(blind.status, 428, "{}", blind.text);
    let seen = staged.header("etag");
    let put = async |tier: Value| change(&owner, Method::PUT, &mapping, seen, &columns(tier)).await.status;
    let (one, two) = tokio::join!(put(json!("ignored")), put(json!({"custom": "tier"})));
    assert_eq!(one.min(two), 200);
    assert_eq!(one.max(two), 412);
    assert_eq!(map(&owner, &path, &json!({"mail": {"field": "email"}, "tier": "ignored"})).await.status, 200, "read again, it can be");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_cannot_be_made_leaves_no_key() {
    let app = App::start().await;
    let owner = app.owner();
    let body = json!({"email": "ada@example.com", "telephone": "+49301234567"});
    let first = post(&owner, "/v1/contacts", "k-1", &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let superuser = app.database.superuser().await;
    superuser
        .batch_execute("INSERT INTO contacts.suppressions SELECT tenant_id, suppression_telephone, now() FROM contacts.contacts")
        .await
        .unwrap();
    let keys = app.live_keys(HolderKind::Subject).await;
    assert!(replayed(&post(&owner, "/v1/contacts", "k-1", &body).await));
    let email = json!({"email": "ada@example.com"});
    let number = json!({"email": "new@example.com", "telephone": "+49301234567"});
    for refused in [
        post(&owner, "/v1/contacts", "k-1", &email).await,
        owner.post("/v1/contacts", &email).await,
        owner.post("/v1/contacts", &number).await,
    ] {
        assert!([409, 422].contains(&refused.status), "{}", refused.text);
    }
    assert_eq!(app.live_keys(HolderKind::Subject).await, keys, "no key was made for nobody");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_many_share_is_answered_page_by_page() {
    let app = App::start().await;
    for number in 0..3 {
        app.contact(&json!({"email": format!("p{number}@example.com"), "telephone": "+49301234567"})).await;
    }
    let owner = app.owner();
    let page = async |query: &str| {
        let asked = owner.request(Method::POST, &format!("/v1/contacts/search?{query}")).header("mxtr-purpose", crate::app::OPERATE);
        let answer = send(asked.json(&json!({"telephone": "+49301234567"}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    let first = page("limit=2").await;
    let rest = page(&format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    let mut seen: Vec<&str> =
        [&first, &rest].iter().flat_map(|page| page["data"].as_array().unwrap()).filter_map(|one| one["id"].as_str()).collect();
    assert_eq!((seen.len(), rest["next_cursor"].is_null()), (3, true));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3, "each once");
    assert_eq!(
        send(
            owner
                .request(Method::POST, "/v1/contacts/search?limit=201")
                .header("mxtr-purpose", crate::app::OPERATE)
                .json(&json!({"telephone": "+49301234567"}))
        )
        .await
        .status,
        400
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_come_chunk_by_chunk_and_break_off_where_one_cannot_be_read() {
    let app = App::start().await;
    let owner = app.owner();
    let bad: Vec<(&str, &str, &str)> = vec![("", "Nobody", ""); 2_500];
    let done = app.import(CLIENT, &file(&bad)).await;
    let path = format!("/v1/imports/{}/rejects.csv", done["id"].as_str().unwrap());
    let rejects = owner.get(&path).await;
    assert_eq!((rejects.status, rejects.header("content-length")), (200, None), "it is not there as a whole");
    let numbers: Vec<usize> = rejects.text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (1..=2_500).collect::<Vec<_>>());
    let damage = "UPDATE contacts.import_rejects SET sealed = substr(sealed, 2) WHERE chunk = 1";
    assert_eq!(app.database.superuser().await.execute(damage, &[]).await.unwrap(), 1);
    let broken = owner.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(broken.status(), 200);
    assert!(broken.text().await.is_err(), "what breaks off does not look whole");
    app.stop().await;
}
