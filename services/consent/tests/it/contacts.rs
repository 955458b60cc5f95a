//! What consent hears of contacts: many at once, twice, and some of it wrong.

use crate::app::App;
use events::contacts::Change;
use kernel::SubjectId;
use serde_json::json;

/// Whether consent knows the person.
async fn knows(app: &App, subject: SubjectId) -> bool {
    let question = json!({"questions": [{"subject_id": subject, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
    app.client.with(&app.owner).post("/v1/decisions", &question).await.json()["data"][0]["known"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_the_last_of_each_person_counts() {
    let app = App::start().await;
    let (stays, goes) = (SubjectId::random(), SubjectId::random());
    let came = app.changed(app.tenant, stays, 1, Change::Created, "processor");
    let crowd: Vec<SubjectId> = (0..200).map(|_| SubjectId::random()).collect();
    let mut said = vec![came.clone(), came, app.changed(app.tenant, goes, 1, Change::Created, "processor")];
    said.extend(crowd.iter().map(|person| app.changed(app.tenant, *person, 1, Change::Created, "processor")));
    said.push(app.changed(app.tenant, stays, 2, Change::Updated, "processor"));
    said.push(app.changed(app.tenant, goes, 2, Change::Deleted, "processor"));
    app.platform.say(&said).await;
    // Nobody is known before they are heard of either: what went is judged when all of it has been handled.
    let sql = app.database.superuser().await;
    let ids: Vec<String> = said.iter().map(|event| format!("'{}'", event.event_id.uuid())).collect();
    let query = format!("SELECT count(*) FROM infra.inbox WHERE event_id IN ({})", ids.join(", "));
    let handled = || async { sql.query_one(&query, &[]).await.unwrap().get::<_, i64>(0) };
    // All but the second coming of the first.
    let each = i64::try_from(said.len() - 1).unwrap();
    testkit::until("every change is handled", || async { handled().await == each }).await;
    assert!(knows(&app, stays).await && !knows(&app, goes).await);
    for person in crowd {
        assert!(knows(&app, person).await);
    }
    let version = format!("SELECT version FROM consent.subjects WHERE subject_id = '{stays}'");
    assert_eq!(sql.query_one(&version, &[]).await.unwrap().get::<_, i64>(0), 2);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_can_act_on_is_put_aside_and_the_next_one_counts() {
    let app = App::start().await;
    let person = SubjectId::random();
    let wrong = app.changed(app.tenant, person, 1, Change::Created, "somebody-else");
    app.platform.say(&[wrong.clone(), app.changed(app.tenant, person, 2, Change::Updated, "processor")]).await;
    testkit::until("the next change counts", || knows(&app, person)).await;
    let query = format!("SELECT count(*) FROM infra.inbox WHERE event_id = '{}'", wrong.event_id.uuid());
    let counted: i64 = app.database.superuser().await.query_one(&query, &[]).await.unwrap().get(0);
    assert_eq!(counted, 0, "the one before it was not acted on");
    app.runtime.shut_down().await;
}
