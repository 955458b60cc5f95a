//! Files of contacts: staged, mapped, committed, each row once.

use crate::app::{App, OPERATE};
use events::keyring::HolderKind;
use events::{Outgoing, topics};
use jiff::SignedDuration;
use kernel::TenantId;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, send};

const CLIENT: &str = "source=client&basis=contract&country=DE";
const HEADER: &str = "email,first_name,last_name,company,phone,company_address,employees,website,language,time_zone,notes\n";

/// A file in the plain layout: a row for each (email, first name, telephone).
pub fn file(rows: &[(&str, &str, &str)]) -> String {
    let rows: Vec<String> = rows.iter().map(|(email, name, telephone)| format!("{email},{name},,,{telephone},,,,,,\n")).collect();
    HEADER.to_owned() + &rows.concat()
}

/// Says what the columns of the file are for, in the version that stands there.
pub async fn map(by: &Client, path: &str, columns: &Value) -> Answer {
    let read = by.get(path).await;
    let put = by.request(Method::PUT, &format!("{path}/mapping")).header("if-match", read.header("etag").unwrap());
    send(put.json(&json!({"columns": columns}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_brought_in_and_its_people_are_merged_with_those_who_are_there() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com", "first_name": "Ada"})).await;
    let rows = file(&[
        ("ADA@example.com", "Augusta", "030 1234567"),
        ("grace@example.com", "Grace", ""),
        ("grace@example.com", "", "030 7654321"),
        ("", "Nobody", ""),
        ("edsger@@example.com", "", ""),
        ("barbara@example.com", "", "ask Bob"),
    ]);
    let done = app.import(CLIENT, &rows).await;
    assert_eq!(done["counts"]["created"], 2, "{done}");
    assert_eq!((&done["counts"]["merged"], &done["counts"]["suppressed"]), (&json!(2), &json!(0)));
    assert_eq!(done["counts"]["rejected"], json!({"missing-identifier": 1, "invalid-email": 1}));
    assert_eq!(done["counts"]["warnings"], json!({"invalid-telephone": 1}));
    assert_eq!(done["progress"], json!({"done": 6, "total": 6}));
    let seen = app.owner().get_for(&path, OPERATE).await.json();
    assert_eq!((&seen["first_name"], &seen["telephone_e164"]), (&json!("Ada"), &json!("+49301234567")), "blanks are filled, no more");
    let grace = app.found(&json!({"telephone": "+49307654321"})).await;
    assert_eq!((grace.len(), &grace[0]["email"], &grace[0]["source"]), (1, &json!("grace@example.com"), &json!("client")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_named_by_address_in_one_row_and_by_number_in_another_is_changed_once() {
    let app = App::start().await;
    let path = app.contact(&json!({"email": "ada@example.com", "telephone": "+49301234567"})).await;
    let rows = file(&[("ada@example.com", "Ada", ""), ("", "Augusta", "030 1234567")]);
    let done = app.import(CLIENT, &rows).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["merged"]), (&json!(0), &json!(2)), "{done}");
    let seen = app.owner().get_for(&path, OPERATE).await;
    assert_eq!((seen.header("etag"), &seen.json()["first_name"]), (Some("\"2\""), &json!("Ada")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_on_both_sides_of_a_chunks_edge_is_one_person() {
    let app = App::start().await;
    let chunks: Vec<String> = (0..4)
        .flat_map(|chunk| (0..1000).map(move |row| (chunk, row)))
        .map(|(chunk, row)| match row {
            // Neighbours share one, and no unique key keeps the two apart: what does is the order of reading.
            400 => format!(",,,,030 123456{chunk},,,,,,\n"),
            401 => format!(",,,,030 123456{},,,,,,\n", chunk + 1),
            row => format!("person{chunk}x{row}@example.com,,,,,,,,,,\n"),
        })
        .collect();
    let done = app.import(CLIENT, &(HEADER.to_owned() + &chunks.concat())).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["merged"]), (&json!(3997), &json!(3)), "{done}");
    assert_eq!(app.found(&json!({"telephone": "+49301234561"})).await.len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_brought_in_comes_back_as_a_file_without_formulas_or_card_numbers() {
    let app = App::start().await;
    let rows = format!("{HEADER},=HYPERLINK(1),,,,,,,,,\nada@example.com,,,,,,,,,,paid with 4242 4242 4242 4242\nragged@example.com,x\n");
    let staged = app.send_file(&app.owner(), CLIENT, rows).await;
    let path = staged.header("location").unwrap().to_owned();
    app.owner().post(&format!("{path}/commit"), &Value::Null).await;
    let done = app.until_done(&path).await;
    assert_eq!(done["counts"]["rejected"], json!({"missing-identifier": 1, "card-number": 1, "ragged-row": 1}));
    let rejects = app.owner().get(&format!("{path}/rejects.csv")).await;
    assert_eq!((rejects.status, rejects.header("cache-control")), (200, Some("no-store")));
    let lines: Vec<&str> = rejects.text.lines().collect();
    assert_eq!(
        lines,
        [
            format!("row,reason,{}", HEADER.trim_end()).as_str(),
            "1,missing-identifier,,'=HYPERLINK(1),,,,,,,,,",
            "2,card-number,ada@example.com,,,,,,,,,,",
            "3,ragged-row,ragged@example.com,x",
        ]
    );
    let (_, other) = app.other().await;
    let unknown = other.get(&format!("/v1/imports/{}/rejects.csv", kernel::ImportId::new(&app.clock))).await;
    let theirs = other.get(&format!("{path}/rejects.csv")).await;
    assert_eq!((theirs.status, theirs.without_instance()), (404, unknown.without_instance()));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_number_is_kept_under_no_columns_name_and_in_no_reject() {
    let app = App::start().await;
    let owner = app.owner();
    let rows = "mail,Hotel,Telegram,Phone\n\
                a@example.com,4242 4242 4242 4242,,\nb@example.com,,378282246310005,\nc@example.com,,,paid with 378282246310005\n\
                d@example.com,,,4242424242424242\ne@example.com,,,+49 378282246310005\nf@example.com,,,378282246310005\n";
    let staged = app.send_file(&owner, CLIENT, rows).await;
    let path = staged.header("location").unwrap().to_owned();
    // Mapped to what is no telephone number after all, so that the last of them is rejected when it is committed.
    let columns = json!({"mail": {"field": "email"}, "Hotel": "ignored", "Telegram": "ignored", "Phone": {"custom": "tier"}});
    let mapped = map(&owner, &path, &columns).await;
    assert_eq!(mapped.status, 200, "{}", mapped.text);
    owner.post(&format!("{path}/commit"), &Value::Null).await;
    assert_eq!(app.until_done(&path).await["counts"]["rejected"], json!({"card-number": 6}));
    let rejects = owner.get(&format!("{path}/rejects.csv")).await.text;
    let lines: Vec<String> = ('a'..='f').zip(1..).map(|(name, row)| format!("{row},card-number,{name}@example.com,,,")).collect();
    assert_eq!(rejects.lines().skip(1).collect::<Vec<_>>(), lines);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_number_that_looks_like_a_cards_comes_in_when_its_column_is_mapped_by_hand() {
    let app = App::start().await;
    let owner = app.owner();
    let staged = app.send_file(&owner, CLIENT, "mail,Home Phone\na@example.com,378282246310005\n").await;
    let path = staged.header("location").unwrap().to_owned();
    let columns = json!({"mail": {"field": "email"}, "Home Phone": {"field": "telephone"}});
    map(&owner, &path, &columns).await;
    owner.post(&format!("{path}/commit"), &Value::Null).await;
    let done = app.until_done(&path).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["rejected"]), (&json!(1), &json!({})), "{done}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_are_shown_to_nobody_who_may_not_operate() {
    let app = App::start().await;
    let done = app.import(CLIENT, &file(&[("", "Nobody", "")])).await;
    let path = format!("/v1/imports/{}/rejects.csv", done["id"].as_str().unwrap());
    let (key, said) = testkit::key_of(app.tenant, "marketer", &app.clock);
    let mut state = <events::identity::Principal as prost::Message>::decode(said.data.unwrap().as_slice()).unwrap();
    state.limit.as_mut().unwrap().purposes.retain(|purpose| purpose != OPERATE);
    app.platform.say(&[Outgoing::new(&topics::PRINCIPALS, key.id.as_bytes(), app.tenant, &app.clock, &state)]).await;
    let refused = app.client.with(&key).get(&path).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("purpose-not-granted")), "{}", refused.text);
    let marketer = app.client.with(&app.platform.key(app.tenant, "marketer").await);
    assert_eq!(marketer.get(&path).await.status, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_provider_waits_in_quarantine_unless_an_assurance_covers_it() {
    let app = App::start().await;
    let owner = app.owner();
    let provider = "source=provider&basis=legitimate_interest";
    app.import(provider, &file(&[("without@example.com", "", "")])).await;
    let assurance = |covers: bool, expires: Option<&str>| {
        json!({"provider": "acme-data", "document_sha256": "ab".repeat(32), "covers_collection": covers, "covers_sharing": false,
            "signed_on": "2026-01-01", "expires_on": expires})
    };
    let put = async |body: Value| {
        let answer = owner.post("/v1/attestations", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let holds = put(assurance(true, Some("2026-12-31"))).await;
    app.import(&format!("{provider}&attestation_id={holds}"), &file(&[("with@example.com", "", "")])).await;
    for (email, quarantined, reason) in
        [("without@example.com", true, Some("quarantined")), ("with@example.com", false, Some("no-consent"))]
    {
        let found = &app.found(&json!({"email": email})).await[0];
        assert_eq!((&found["quarantined"], &found["source"]), (&json!(quarantined), &json!("provider")), "{email}");
        let seen = owner.get_for(&format!("/v1/contacts/{}", found["id"].as_str().unwrap()), "client_service:newsletter").await;
        assert_eq!(seen.json()["withheld"][0]["reason"].as_str(), reason, "{email}");
    }
    let (other_tenant, other) = app.other().await;
    assert_ne!(other_tenant, app.tenant);
    let (uncovered, ended) = (put(assurance(false, None)).await, put(assurance(true, Some("2026-11-23"))).await);
    let rows = file(&[("x@example.com", "", "")]);
    for (by, id) in [(&owner, uncovered), (&owner, ended), (&other, holds)] {
        let answer = app.send_file(by, &format!("{provider}&attestation_id={id}"), rows.clone()).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["code"].as_str()), (422, Some("no-such-assurance")));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_tenants_policy_on_record_nobody_comes_in() {
    let app = App::start().await;
    let id = TenantId::new(&app.clock);
    let mut said = testkit::tenant(id, &["newsletter"], &app.clock);
    let mut state = <events::identity::Tenant as prost::Message>::decode(said.data.unwrap().as_slice()).unwrap();
    state.privacy_policy_url.clear();
    said = Outgoing::new(&topics::TENANTS, id.as_bytes(), id, &app.clock, &state);
    app.platform.say(&[said]).await;
    let owner = app.client.with(&app.platform.key(id, "owner").await);
    let one = json!({"email": "ada@example.com"});
    testkit::until("the tenant is known", || async { owner.get_for("/v1/contacts", OPERATE).await.status == 200 }).await;
    let answers = [owner.post("/v1/contacts", &one).await, app.send_file(&owner, CLIENT, file(&[("ada@example.com", "", "")])).await];
    for answer in answers {
        assert_eq!((answer.status, answer.json()["type"].as_str()), (409, Some("/problems/conflict")), "{}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains("privacy policy"));
    }
    let superuser = app.database.superuser().await;
    let look = "SELECT (SELECT count(*) FROM contacts.imports) + count(*) FROM contacts.contacts";
    assert_eq!(superuser.query_one(look, &[]).await.unwrap().get::<_, i64>(0), 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_a_process_that_stopped_left_it() {
    let app = App::start().await;
    let rows: Vec<String> = (0..3500).map(|number| format!("p{number}@example.com,,,,,,,,,,\n")).collect();
    let staged = app.send_file(&app.owner(), CLIENT, HEADER.to_owned() + &rows.concat()).await;
    let path = staged.header("location").unwrap().to_owned();
    // Somebody holds the third chunk, so that the process is met in the middle.
    let mut holder = app.database.superuser().await;
    let held = holder.transaction().await.unwrap();
    held.query("SELECT 1 FROM contacts.import_chunks WHERE chunk = 2 FOR UPDATE", &[]).await.unwrap();
    app.owner().post(&format!("{path}/commit"), &Value::Null).await;
    let owner = app.owner();
    let half = || async { owner.get(&path).await.json()["progress"]["done"] == 2000 };
    testkit::until("two chunks are in", half).await;
    let stopping = app.runtime.clone();
    stopping.shut_down().await;
    held.rollback().await.unwrap();
    let look = "SELECT state || ' ' || rows_done FROM contacts.imports";
    assert_eq!(holder.query_one(look, &[]).await.unwrap().get::<_, String>(0), "committing 2000");

    let app = app.again().await;
    let done = app.until_done(&path).await;
    assert_eq!((&done["progress"], &done["counts"]["created"]), (&json!({"done": 3500, "total": 3500}), &json!(3500)));
    let counted = holder.query_one("SELECT count(*), count(DISTINCT email_index) FROM contacts.contacts", &[]).await.unwrap();
    assert_eq!((counted.get::<_, i64>(0), counted.get::<_, i64>(1)), (3500, 3500));
    let left = holder.query_one("SELECT count(*) FROM contacts.import_chunks", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 0, "nothing staged is left");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_unknown_layout_waits_until_its_columns_are_mapped() {
    let app = App::start().await;
    let owner = app.owner();
    let staged = app.send_file(&owner, CLIENT, "mail,tier,junk\nada@example.com,gold,x\n").await;
    let path = staged.header("location").unwrap().to_owned();
    assert_eq!((staged.status, staged.json()["state"].as_str()), (201, Some("needs-mapping")));
    assert_eq!(staged.json()["header"], json!(["mail", "tier", "junk"]));
    assert_eq!(owner.post(&format!("{path}/commit"), &Value::Null).await.status, 409);
    let map = async |columns: Value| map(&owner, &path, &columns).await;
    for (columns, code) in [
        (json!({"mail": {"field": "email"}, "tier": "ignored"}), "columns"),
        (json!({"mail": "ignored", "tier": "ignored", "junk": "ignored"}), "no-identifier"),
        (json!({"mail": {"field": "email"}, "tier": {"custom": "religion"}, "junk": "ignored"}), "special-category"),
    ] {
        let answer = map(columns).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["code"].as_str()), (422, Some(code)), "{}", answer.text);
    }
    assert_eq!(map(json!({"mail": {"field": "email"}, "tier": {"custom": "tier"}, "junk": "ignored"})).await.json()["state"], "staged");
    assert_eq!(owner.post(&format!("{path}/commit"), &Value::Null).await.status, 202);
    assert_eq!(app.until_done(&path).await["counts"]["created"], 1);
    assert_eq!(app.found(&json!({"email": "ada@example.com"})).await[0]["custom"], json!({"tier": "gold"}));
    assert_eq!(map(json!({"mail": {"field": "email"}, "tier": "ignored", "junk": "ignored"})).await.status, 409, "it is done");
    let (_, other) = app.other().await;
    for answer in [other.get(&path).await, other.post(&format!("{path}/commit"), &Value::Null).await] {
        assert_eq!(answer.status, 404);
    }
    app.stop().await;
}

/// What the tables hold of files.
async fn rows_of_files(app: &App) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM contacts.import_chunks) + (SELECT count(*) FROM contacts.import_rejects) \
               + (SELECT count(*) FROM contacts.imports WHERE header IS NOT NULL OR mapping IS NOT NULL)";
    app.database.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_its_key_are_gone_seven_days_after_its_import_ended_or_was_left() {
    let app = App::start().await;
    let rows = file(&[("ada@example.com", "Ada", ""), ("", "Nobody", "")]);
    let done = app.import(CLIENT, &rows).await;
    let path = format!("/v1/imports/{}", done["id"].as_str().unwrap());
    let left = app.send_file(&app.owner(), CLIENT, rows).await;
    let left = left.header("location").unwrap().to_owned();
    let owner = app.owner();
    app.clock.advance_to(app.clock.now() + SignedDuration::from_hours(7 * 24 - 1)).unwrap();
    // A look that came after this time: another import has gone through.
    let last = app.import(CLIENT, &file(&[("grace@example.com", "Grace", "")])).await;
    let rejects = owner.get(&format!("{path}/rejects.csv")).await;
    assert!(rejects.text.contains("Nobody"), "an hour before it is there: {}", rejects.text);
    app.clock.advance_to(app.clock.now() + SignedDuration::from_hours(1)).unwrap();
    testkit::until("both files are forgotten", || async { rows_of_files(&app).await == 1 }).await;
    assert_eq!(owner.get(&format!("{path}/rejects.csv")).await.status, 409);
    let after = owner.get(&path).await.json();
    assert_eq!(
        (&after["state"], &after["counts"], &after["header"]),
        (&json!("done"), &done["counts"], &json!([])),
        "what it did is known still"
    );
    let expired = owner.get(&left).await.json();
    assert_eq!(expired["state"], "expired", "{expired}");
    assert_eq!(owner.post(&format!("{left}/commit"), &Value::Null).await.status, 409);
    assert_eq!(
        owner.get(&format!("/v1/imports/{}", last["id"].as_str().unwrap())).await.json()["header"].as_array().map(Vec::len),
        Some(11)
    );
    assert_eq!(app.live_keys(HolderKind::Import).await, 1, "only the last one's key lives");
    app.stop().await;
}
