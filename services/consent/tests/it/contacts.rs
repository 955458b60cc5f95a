//! What consent hears of contacts: many at once, twice, and some of it wrong.

use crate::app::App;
use events::contacts::Change;
use events::keyring::Shredded;
use events::{Outgoing, topics};
use kernel::SubjectId;
use serde_json::json;

/// Whether consent knows the person.
pub async fn knows(app: &App, subject: SubjectId) -> bool {
    let question = json!({"questions": [{"subject_id": subject, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
    app.client.with(&app.owner).post("/v1/decisions", &question).await.json()["data"][0]["known"] == true
}

/// How many of these events have been handled.
async fn handled(app: &App, events: &[Outgoing]) -> i64 {
    let ids: Vec<String> = events.iter().map(|event| format!("'{}'", event.event_id.uuid())).collect();
    let query = format!("SELECT count(*) FROM infra.inbox WHERE event_id IN ({})", ids.join(", "));
    app.database.superuser().await.query_one(&query, &[]).await.unwrap().get(0)
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
    // Nobody is known before they are heard of either: what went is judged when all of it has been handled, but for the second coming of the first.
    let each = i64::try_from(said.len() - 1).unwrap();
    testkit::until("every change is handled", || async { handled(&app, &said).await == each }).await;
    assert!(knows(&app, stays).await && !knows(&app, goes).await);
    for person in crowd {
        assert!(knows(&app, person).await);
    }
    let sql = app.database.superuser().await;
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
    assert_eq!(handled(&app, &[wrong]).await, 0, "the one before it was not acted on");
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_stays_away_and_what_they_said_stays_on_record_until_they_are_erased() {
    let app = App::start().await;
    let person = app.person(app.tenant, &app.owner, "processor").await;
    let said = app.says(person, "client_service:newsletter", "withdrawn").await;
    assert_eq!(said.status, 409, "nothing was given yet: {}", said.text);
    let record = app.says(person, "client_service:newsletter", "refused").await.json()["id"].as_str().unwrap().to_owned();
    app.platform.say(&[app.changed(app.tenant, person, 2, Change::Deleted, "processor")]).await;
    testkit::until("consent hears that the contact was deleted", || async { !knows(&app, person).await }).await;
    // Said again by a relay that was frozen, under another id.
    let again = app.changed(app.tenant, person, 1, Change::Created, "processor");
    app.platform.say(std::slice::from_ref(&again)).await;
    testkit::until("it is handled", || async { handled(&app, std::slice::from_ref(&again)).await == 1 }).await;
    assert!(!knows(&app, person).await);
    assert_eq!(app.says(person, "client_service:newsletter", "given").await.status, 404);
    let kept = app.client.with(&app.owner).get(&format!("/v1/consents/{record}")).await;
    assert_eq!((kept.status, &kept.json()["said"]), (200, &json!("refused")), "{}", kept.text);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_about_somebody_who_was_erased_makes_them_known_to_nobody() {
    let app = App::start().await;
    // Whether consent has heard of an erasure cannot be seen from outside: another person is erased until it was the first to come.
    testkit::until("somebody stays unknown", || async {
        let erased = SubjectId::random();
        let gone = Shredded { tenant_id: app.tenant.as_bytes().to_vec(), holder_id: erased.as_bytes().to_vec(), ..Shredded::default() };
        app.platform.say(&[Outgoing::new(&topics::SHREDDED, erased.as_bytes(), app.tenant, &app.clock, &gone)]).await;
        let late = app.changed(app.tenant, erased, 1, Change::Created, "processor");
        app.platform.say(std::slice::from_ref(&late)).await;
        testkit::until("it is handled", || async { handled(&app, std::slice::from_ref(&late)).await == 1 }).await;
        !knows(&app, erased).await
    })
    .await;
    app.runtime.shut_down().await;
}
