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
    testkit::until("consent knows who stays", || knows(&app, stays)).await;
    for person in crowd.iter().rev().take(20) {
        testkit::until("consent knows the crowd", || knows(&app, *person)).await;
    }
    testkit::until("who went is unknown", || async { !knows(&app, goes).await }).await;
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_can_act_on_is_put_aside_and_the_next_one_counts() {
    let app = App::start().await;
    let person = SubjectId::random();
    app.platform
        .say(&[
            app.changed(app.tenant, person, 1, Change::Created, "somebody-else"),
            app.changed(app.tenant, person, 2, Change::Updated, "processor"),
        ])
        .await;
    testkit::until("the next change counts", || knows(&app, person)).await;
    app.runtime.shut_down().await;
}
