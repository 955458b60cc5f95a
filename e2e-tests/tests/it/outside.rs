//! PostgreSQL and Kafka of somebody else's, given by settings.

use crate::scan::superuser;
use e2e_tests::platform::{Platform, until};
use serde_json::json;
use std::fs;

const SERVICES: [&str; 6] = ["identity", "keyring", "contacts", "consent", "rights", "audit"];

/// Databases beside those of this platform, on its server, and the settings that name them, once as a value and once as a file.
pub async fn settings(platform: &Platform) -> Vec<(String, String)> {
    let state = platform.state();
    let mut settings = vec![
        ("MXTR_KAFKA_BROKERS".to_owned(), state["kafka_brokers"].as_str().unwrap().to_owned()),
        ("MXTR_KAFKA_TOPIC_PREFIX".to_owned(), "outside.".to_owned()),
        ("MXTR_KAFKA_REPLICATION".to_owned(), "1".to_owned()),
        ("MXTR_LOG_JSON".to_owned(), "true".to_owned()),
        ("MXTR_CONTACTS_IMPORT_LARGEST_FILE".to_owned(), "1000000".to_owned()),
    ];
    for service in SERVICES {
        let database = superuser(platform, service).await;
        database.batch_execute(&format!("CREATE DATABASE outside_{service} OWNER mxtr_{service}_owner")).await.unwrap();
        let (url, _) = state["databases"][service].as_str().unwrap().rsplit_once('/').unwrap();
        let owner = fs::read_to_string(platform.folder().join(format!("secrets/{service}.owner"))).unwrap();
        let owner = format!("postgres://mxtr_{service}_owner:{}@{}", owner.trim(), url.rsplit_once('@').unwrap().1);
        let name = service.to_uppercase();
        settings.push((format!("MXTR_{name}_DATABASE_URL"), format!("{url}/outside_{service}")));
        let file = platform.write(&format!("{service}.owner-url"), &format!("{owner}/outside_{service}\n"));
        settings.push((format!("MXTR_{name}_OWNER_DATABASE_URL_FILE"), file));
    }
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_on_outside_servers_starts_none_of_its_own_and_serves() {
    let host = Platform::start(&[]).await;
    let guest = host.start_beside(settings(&host).await).await;
    assert_eq!(guest.running("java"), Vec::<u32>::new());
    assert_eq!(guest.running("postgres"), Vec::<u32>::new());
    let me = guest.get("/v1/me", &guest.admin).await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_eq!(host.get("/v1/me", &guest.admin).await.status, 401, "they share servers, not data");

    let (_, key) = guest.tenant("acme").await;
    let made = guest.post("/v1/contacts", &key, &json!({"email": "guest@example.org"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    until("the contact can be read", || async { guest.read(&path, &key, "client_service:support").await.status == 200 }).await;

    let password = fs::read_to_string(host.folder().join("secrets/postgres")).unwrap();
    let state = host.state();
    let place = state["databases"]["contacts"].as_str().unwrap().rsplit_once('@').unwrap().1.rsplit_once('/').unwrap().0.to_owned();
    let superuser = format!("postgres://postgres:{}@{place}/postgres", password.trim());
    let (code, said) = guest.run(&["dump", "dump", "--superuser-url", &superuser]);
    assert_eq!(code, Some(0), "{said}");
    let told = fs::read_to_string(guest.folder().parent().unwrap().join("dump/topics/contacts.changes.jsonl")).unwrap();
    assert_eq!(told.lines().count(), 1, "its own topics are dumped, with one contact: {told}");
}
