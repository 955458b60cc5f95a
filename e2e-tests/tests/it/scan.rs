//! The canary scan: what was planted in every sealed field is found while the person is there, and nowhere afterwards; a leak makes it fail.

use crate::rights::case;
use e2e_tests::platform::{Platform, send};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;

/// One word a field, found nowhere else.
const CANARIES: [(&str, &str); 8] = [
    ("email", "cnry-email-5e1f@example.org"),
    ("first_name", "Cnryfirst5e1f"),
    ("last_name", "Cnrylast5e1f"),
    ("company_name", "Cnrycompany5e1f"),
    ("telephone", "+4930901825611"),
    ("company_address", "Cnry Street 5e1f, Zürich"),
    ("website_url", "https://cnry-site-5e1f.example"),
    ("notes", "cnry note 5e1f with \"quotes\" and ümlauts"),
];
const MESSAGE: &str = "cnry message 5e1f";

/// Dumps, opens, and looks for all canaries: (exit code, the lines of those that were found).
fn scan(platform: &Platform, name: &str) -> (Option<i32>, Vec<u64>) {
    let (code, said) = platform.run(&["dump", name, "--opened"]);
    assert_eq!(code, Some(0), "{said}");
    look(platform, name)
}

fn look(platform: &Platform, name: &str) -> (Option<i32>, Vec<u64>) {
    let (code, hits) = hits(platform, name);
    let mut lines: Vec<u64> = hits.iter().map(|(line, _)| *line).collect();
    lines.sort_unstable();
    lines.dedup();
    (code, lines)
}

/// Which canary was found in which file of a dump.
fn hits(platform: &Platform, name: &str) -> (Option<i32>, Vec<(u64, String)>) {
    let values: Vec<&str> = CANARIES.iter().map(|(_, value)| *value).chain([MESSAGE]).collect();
    let file = platform.write("canaries.txt", &values.join("\n"));
    let (code, said) = platform.run(&["verify", "scan", name, "--values", &file, "--json"]);
    let end = said.rfind('}').unwrap_or_else(|| panic!("{said}"));
    let found: Value = serde_json::from_str(&said[..=end]).unwrap();
    let hit = |hit: &Value| (hit["value"].as_u64().unwrap(), hit["file"].as_str().unwrap().to_owned());
    (code, found["found"].as_array().unwrap().iter().map(hit).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_nowhere_and_a_leak_is_found() {
    let platform = Platform::start(&["--separate"]).await;
    let (tenant, key) = platform.tenant("acme").await;
    let body: Value = CANARIES.iter().map(|(field, value)| ((*field).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into();
    let made = platform.post("/v1/contacts", &key, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let subject = made.json()["id"].as_str().unwrap().to_owned();
    // Every way in and out that could leave a trace: read, searched, changed for the worse, asked about, handed out.
    platform.read(&format!("/v1/contacts/{subject}"), &key, "client_service:support").await;
    let search = platform.request(Method::POST, "/v1/contacts/search", &key).header("mxtr-purpose", "client_service:support");
    assert_eq!(send(search.json(&json!({"email": CANARIES[0].1}))).await.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(platform.post("/v1/contacts", &key, &body).await.status, 409, "the same person again");
    assert_eq!(platform.post("/v1/contacts", &key, &json!({"email": [CANARIES[0].1]})).await.status, 422);
    let ask = json!({"tenant": tenant, "kind": "access", "email": CANARIES[0].1, "message": MESSAGE});
    let asked = send(platform.http.request(Method::POST, format!("{}/v1/contact-us", platform.base)).json(&ask)).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let cases = platform.get("/v1/cases", &key).await.json();
    let path = format!("/v1/cases/{}/confirm", cases["data"][0]["id"].as_str().unwrap());
    assert_eq!(platform.post(&path, &key, &json!({})).await.status, 200);
    crate::rights::ended(&platform, &key, cases["data"][0]["id"].as_str().unwrap()).await;

    let all: Vec<u64> = (1..=9).collect();
    assert_eq!(scan(&platform, "before"), (Some(4), all), "the scan proves itself on somebody who is there");
    let erasure = case(&platform, &key, &json!({"kind": "erasure", "subject_id": subject})).await;
    assert_eq!(erasure["state"], "done");
    assert_eq!(scan(&platform, "after"), (Some(0), Vec::new()));

    leaks(&platform).await;
    assert_eq!(scan(&platform, "leaked"), (Some(4), vec![1, 2, 3, 4]), "each leak is found, and nothing else");
    let found = hits(&platform, "leaked").1;
    for (line, file) in [
        (1, "topics/contacts.changes.jsonl"),
        (2, "files/contacts.log"),
        (3, "databases/contacts/contacts.contacts.jsonl"),
        (4, "databases/contacts/infra.outbox_dead.jsonl"),
    ] {
        assert!(found.contains(&(line, file.to_owned())), "value {line} stands in {file}: {found:?}");
    }
}

/// Each another canary, each where a mistake would put it: a line of a log, a clear column, the outbox, and a record.
async fn leaks(platform: &Platform) {
    let mut log = std::fs::File::options().append(true).open(platform.folder().join("contacts.log")).unwrap();
    writeln!(log, "{{\"body\":\"{}\"}}", CANARIES[1].1.to_uppercase()).unwrap();

    let database = superuser(platform, "contacts").await;
    let body = json!({"email": "somebody-else@example.org", "notes": "of no interest"});
    let (_, key) = platform.tenant("another").await;
    assert_eq!(platform.post("/v1/contacts", &key, &body).await.status, 201);
    let changed = database.execute("UPDATE contacts.contacts SET language = $1", &[&CANARIES[2].1]).await.unwrap();
    assert!(changed > 0, "there is a row to leak into");
    database
        .execute("INSERT INTO infra.outbox_dead (id, batch, created_at) VALUES (1, $1, now())", &[&CANARIES[3].1.as_bytes()])
        .await
        .unwrap();

    let brokers = platform.state()["kafka_brokers"].as_str().unwrap().to_owned();
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let record = FutureRecord::to("contacts.changes").key("nobody").payload(CANARIES[0].1);
    producer.send(record, Duration::from_secs(20)).await.unwrap();
}

/// A service's database, as whoever may do everything.
pub async fn superuser(platform: &Platform, service: &str) -> tokio_postgres::Client {
    let url = platform.state()["databases"][service].as_str().unwrap().to_owned();
    let password = std::fs::read_to_string(platform.folder().join("secrets/postgres")).unwrap();
    let address = format!("postgres://postgres:{}@{}", password.trim(), url.rsplit_once('@').unwrap().1);
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
