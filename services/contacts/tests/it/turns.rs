//! Whose turn it is to be brought in, and what becomes of a file that can never be.

use crate::app::App;
use crate::imports::file;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::Client;
use uuid::Uuid;

const CLIENT: &str = "source=client&basis=contract&country=DE";

/// Stages a file of so many people, and says its path and its id.
async fn staged(app: &App, by: &Client, name: &str, people: usize) -> (String, Uuid) {
    let rows: Vec<String> = (0..people).map(|number| format!("{name}{number}@example.com")).collect();
    let rows: Vec<(&str, &str, &str)> = rows.iter().map(|email| (email.as_str(), "", "")).collect();
    let answer = app.send_file(by, CLIENT, file(&rows)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (answer.header("location").unwrap().to_owned(), answer.json()["id"].as_str().unwrap().parse().unwrap())
}

async fn commit(by: &Client, path: &str) {
    assert_eq!(by.post(&format!("{path}/commit"), &Value::Null).await.status, 202);
}

async fn until(by: &Client, path: &str, state: &str) -> Value {
    testkit::until(state, || async { by.get(path).await.json()["state"] == state }).await;
    by.get(path).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_of_one_tenant_is_in_before_a_large_one_of_another_that_came_first() {
    let app = App::start().await;
    let (_, other) = app.other().await;
    let ((large, id), (small, _)) = (staged(&app, &app.owner(), "large", 6_000).await, staged(&app, &other, "small", 3).await);
    // The first chunk of the large one is held until both are let go, so that neither is there alone.
    let mut holder = app.database.superuser().await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute(&format!("SELECT 1 FROM contacts.import_chunks WHERE import_id = '{id}' AND chunk = 0 FOR UPDATE")).await.unwrap();
    commit(&app.owner(), &large).await;
    commit(&other, &small).await;
    held.rollback().await.unwrap();
    until(&other, &small, "done").await;
    assert_eq!(app.until_done(&large).await["counts"]["created"], 6_000);
    // Which came last, by the transactions that put them in.
    let sql = "SELECT tenant_id::text FROM contacts.contacts ORDER BY xmin::text::bigint DESC LIMIT 1";
    let last: String = holder.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(last, app.tenant.to_string(), "the large one went on after the small one was in");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_claims_is_left_to_it_until_its_time_is_over() {
    let app = App::start().await;
    let (_, other) = app.other().await;
    let ((mine, id), (theirs, _)) = (staged(&app, &app.owner(), "mine", 3).await, staged(&app, &other, "theirs", 3).await);
    let superuser = app.database.superuser().await;
    let claim =
        format!("UPDATE contacts.queue SET claimed_by = 'gone', claimed_until = now() + interval '1 hour' WHERE import_id = '{id}'");
    assert_eq!(superuser.execute(&claim, &[]).await.unwrap(), 1);
    commit(&app.owner(), &mine).await;
    commit(&other, &theirs).await;
    // It is looked at first, since it came first.
    until(&other, &theirs, "done").await;
    assert_eq!(app.owner().get(&mine).await.json()["progress"], json!({"done": 0, "total": 3}));
    let lapse = format!("UPDATE contacts.queue SET claimed_until = now() - interval '1 second' WHERE import_id = '{id}'");
    superuser.execute(&lapse, &[]).await.unwrap();
    assert_eq!(app.until_done(&mine).await["counts"]["created"], 3);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_never_be_read_has_failed_and_says_why() {
    let app = App::start().await;
    let owner = app.owner();
    let superuser = app.database.superuser().await;
    for (damage, failure, done) in [
        ("UPDATE contacts.import_chunks SET sealed = substr(sealed, 2) WHERE import_id::text = $1 AND chunk = 1", "rows-unreadable", 1000),
        ("DELETE FROM contacts.import_chunks WHERE import_id::text = $1 AND chunk = 1", "rows-missing", 1000),
        ("UPDATE contacts.imports SET mapping = substr(mapping, 2) WHERE id::text = $1", "columns-unreadable", 0),
    ] {
        let (path, id) = staged(&app, &owner, failure, 1001).await;
        assert_eq!(superuser.execute(damage, &[&id.to_string()]).await.unwrap(), 1, "{failure}");
        commit(&owner, &path).await;
        let failed = until(&owner, &path, "failed").await;
        assert_eq!((failed["failure"].as_str(), &failed["progress"]["done"]), (Some(failure), &json!(done)), "{failed}");
        let left = superuser.query_one("SELECT count(*) FROM contacts.import_chunks", &[]).await.unwrap();
        assert_eq!(left.get::<_, i64>(0), 0, "nothing of it stays staged");
        assert_eq!(owner.post(&format!("{path}/commit"), &Value::Null).await.status, 409);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_key_is_destroyed_has_failed() {
    let app = App::start().await;
    let owner = app.owner();
    let (path, id) = staged(&app, &owner, "keyless", 3).await;
    app.destroy_import_key(id).await;
    commit(&owner, &path).await;
    assert_eq!(until(&owner, &path, "failed").await["failure"], "key-destroyed");
    // What came after it is brought in all the same.
    let (next, _) = staged(&app, &owner, "next", 1).await;
    commit(&owner, &next).await;
    assert_eq!(app.until_done(&next).await["failure"], Value::Null);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_let_in_before_a_crash_is_brought_in_after_it_also_behind_a_large_file() {
    let app = App::start().await;
    let ((large, _), (small, _)) = (staged(&app, &app.owner(), "large", 5_000).await, staged(&app, &app.owner(), "small", 3).await);
    app.runtime.clone().shut_down().await;
    // What a process leaves that is gone before it could say that they were let go.
    let soon = app.clock.now() + SignedDuration::from_secs(30);
    let left = format!("UPDATE contacts.imports SET state = 'committing'; UPDATE contacts.queue SET due_at = '{soon}'");
    app.database.superuser().await.batch_execute(&left).await.unwrap();
    let app = app.again().await;
    app.clock.advance_to(soon).unwrap();
    for path in [&large, &small] {
        assert_eq!(app.until_done(path).await["state"], "done");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_looked_at_soon_whatever_becomes_of_whoever_lets_it_go() {
    let app = App::start().await;
    let (path, id) = staged(&app, &app.owner(), "mine", 3).await;
    let superuser = app.database.superuser().await;
    let due = async || {
        superuser
            .query_one("SELECT due_at::text FROM contacts.queue WHERE import_id::text = $1", &[&id.to_string()])
            .await
            .unwrap()
            .get::<_, String>(0)
    };
    let at_its_end = due().await;
    // Nobody can let it go: its row is held until the request gives up.
    let mut holder = app.database.superuser().await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute(&format!("SELECT 1 FROM contacts.imports WHERE id = '{id}' FOR UPDATE")).await.unwrap();
    let refused = app.owner().post(&format!("{path}/commit"), &Value::Null).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(due().await < at_its_end, "it is looked at before its end");
    held.rollback().await.unwrap();
    app.clock.advance_to(app.clock.now() + SignedDuration::from_secs(30)).unwrap();
    testkit::until("it goes back to its time", || async { due().await == at_its_end }).await;
    assert_eq!(app.owner().get(&path).await.json()["state"], "staged");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_waits_is_not_overtaken_by_a_later_one_of_its_tenant() {
    let app = App::start().await;
    let ((first, id), (second, _)) = (staged(&app, &app.owner(), "first", 3).await, staged(&app, &app.owner(), "second", 3).await);
    let (mut holder, superuser) = (app.database.superuser().await, app.database.superuser().await);
    let claimed = async |until: &str| {
        let sql =
            format!("SELECT count(*) FROM contacts.queue WHERE import_id = '{id}' AND claimed_by IS NOT NULL AND claimed_until {until}");
        superuser.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) == 1
    };
    // While nobody can be put in, the turns of the first fail, one after the other.
    let held = holder.transaction().await.unwrap();
    held.batch_execute("LOCK TABLE contacts.contacts IN SHARE MODE").await.unwrap();
    commit(&app.owner(), &first).await;
    commit(&app.owner(), &second).await;
    testkit::until("a turn has failed", || claimed("IS NULL")).await;
    held.rollback().await.unwrap();
    let held = holder.transaction().await.unwrap();
    held.batch_execute(&format!("SELECT 1 FROM contacts.imports WHERE id = '{id}' FOR UPDATE")).await.unwrap();
    testkit::until("it has another", || claimed("IS NOT NULL")).await;
    assert_eq!(app.owner().get(&second).await.json()["progress"]["done"], 0, "nobody comes before it");
    held.rollback().await.unwrap();
    for path in [&first, &second] {
        assert_eq!(app.until_done(path).await["counts"]["created"], 3);
    }
    app.stop().await;
}
