//! A contact's life, in both shapes: brought in, read for a purpose, consent given and withdrawn, looked up in the log.

use crate::rights;
use e2e_tests::platform::{Answer, Platform, counted, data, send, until};
use serde_json::{Value, json};

const NEWSLETTER: &str = "client_service:newsletter";

fn expected(layout: &str) -> Value {
    let file = std::fs::read_to_string(data(&format!("contacts-{layout}.expected.json"))).unwrap();
    serde_json::from_str::<Value>(&file).unwrap()["counts"].clone()
}

async fn says(platform: &Platform, key: &str, subject: &str, said: &str) -> Answer {
    let body = json!({"subject_id": subject, "purpose": NEWSLETTER, "said": said, "method": "form", "language": "de", "text_version": "1"});
    let known = || async { platform.post("/v1/consents", key, &body).await };
    // Consent hears of a new contact over Kafka; until then nobody of this id is there.
    until("consent knows the contact", || async {
        let question = json!({"questions": [{"subject_id": subject, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
        platform.post("/v1/decisions", key, &question).await.json()["data"][0]["known"] == true
    })
    .await;
    known().await
}

async fn a_contacts_life(shape: &[&str]) {
    let platform = Platform::start(shape).await;
    let said = platform.get("/.well-known/oauth-authorization-server", "").await;
    assert_eq!(said.json()["issuer"], json!(platform.base), "{}", said.text);
    let (_, key) = platform.tenant("acme").await;

    for layout in ["mailchimp", "plain", "google"] {
        let (_, own) = platform.tenant(layout).await;
        let import = platform.commit(&format!("contacts-{layout}.csv"), &own).await;
        assert_eq!(counted(&platform.done(&import, &own).await), expected(layout), "{layout}");
    }
    let import = platform.commit("contacts-mailchimp.csv", &key).await;
    platform.done(&import, &key).await;
    let again = platform.commit("contacts-mailchimp.csv", &key).await;
    let again = platform.done(&again, &key).await;
    assert_eq!((&again["counts"]["created"], &again["counts"]["merged"]), (&json!(0), &json!(1936)), "everybody is there already");

    let rejects = platform.get(&format!("/v1/imports/{import}/rejects.csv"), &key).await;
    assert_eq!((rejects.status, rejects.text.matches("card-number").count()), (200, 19));
    assert!(!rejects.text.contains("4242"), "no card number is kept");

    let page = platform.read("/v1/contacts?limit=1", &key, "client_service:support").await.json();
    let subject = page["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{subject}");
    let email = page["data"][0]["email"].as_str().unwrap().to_owned();
    assert!(email.contains('@'));
    let found = send(
        platform
            .request(reqwest::Method::POST, "/v1/contacts/search", &key)
            .header("mxtr-purpose", "client_service:support")
            .json(&json!({"email": format!(" {} ", email.to_uppercase())})),
    )
    .await;
    assert_eq!(found.json()["data"][0]["id"], json!(subject), "{}", found.text);

    let withheld = platform.read(&path, &key, NEWSLETTER).await.json();
    assert_eq!((&withheld["withheld"][0]["reason"], &withheld["email"]), (&json!("no-consent"), &Value::Null));
    let marketing = platform.read(&path, &key, "direct_marketing").await.json();
    assert_eq!((&marketing["withheld"][0]["reason"], &marketing["email"]), (&json!("processor-record"), &Value::Null));

    let given = says(&platform, &key, &subject, "given").await;
    assert_eq!(given.status, 201, "{}", given.text);
    until("consent is in force", || async { platform.read(&path, &key, NEWSLETTER).await.json()["email"] == json!(email) }).await;
    let withdrawn = says(&platform, &key, &subject, "withdrawn").await;
    assert_eq!(withdrawn.status, 201, "{}", withdrawn.text);
    until("the withdrawal is in force", || async {
        platform.read(&path, &key, NEWSLETTER).await.json()["withheld"][0]["reason"] == "consent-withdrawn"
    })
    .await;
    let record = format!("/v1/consents/{}", withdrawn.json()["id"].as_str().unwrap());
    until("contacts has acknowledged it", || async {
        platform.get(&record, &key).await.json()["acknowledged"][0]["service"] == "contacts"
    })
    .await;

    let proof = evidence_holds(&platform, &key, &subject, &given.json()).await;
    rights::are_answered(&platform, &key, &subject, &email).await;
    the_log_has_only_grown(&platform, &key, &proof).await;

    let (_, stranger) = platform.tenant("other").await;
    let foreign = platform.read(&path, &stranger, "client_service:support").await;
    let unknown = platform.read("/v1/contacts/7b0a1f7e-5f0e-4c43-9d7a-0d8c1f6c2f11", &stranger, "client_service:support").await;
    assert_eq!((foreign.status, foreign.without_instance()), (404, unknown.without_instance()));
    let nothing = platform.read("/v1/contacts", &stranger, "client_service:support").await;
    assert_eq!(nothing.json()["data"], json!([]));
}

/// The receipt and the log verify with the public keys alone, and not when they are changed.
async fn evidence_holds(platform: &Platform, key: &str, subject: &str, given: &Value) -> Value {
    let keys = platform.write("keys.json", &platform.get("/.well-known/evidence-keys.json", key).await.text);
    let receipt = platform.get(&format!("/v1/receipts/{}", given["receipt_id"].as_str().unwrap()), key).await;
    let file = platform.write("receipt.json", &receipt.text);
    let (code, said) = platform.run(&["verify", "receipt", &file, "--keys", &keys]);
    assert_eq!(code, Some(0), "{said}");
    let jws = receipt.json()["jws"].as_str().unwrap().to_owned();
    let (head, tail) = jws.split_at(jws.len() / 2);
    let changed = format!("{head}{}{}", if tail.starts_with('A') { "B" } else { "A" }, &tail[1..]);
    let file = platform.write("forged.json", &json!({"jws": changed}).to_string());
    assert_eq!(platform.run(&["verify", "receipt", &file, "--keys", &keys]).0, Some(4), "a changed receipt does not hold");

    let search = json!({"subject_id": subject});
    until("the reads are in the log", || async {
        platform.post("/v1/reads/search", key, &search).await.json()["data"].as_array().is_some_and(|reads| reads.len() >= 3)
    })
    .await;
    let reads = platform.post("/v1/reads/search", key, &search).await.json();
    let leaf = reads["data"][0]["leaf"].as_u64().unwrap();
    let path = format!("/v1/reads/{leaf}/proof");
    until("a checkpoint speaks for it", || async { platform.get(&path, key).await.status == 200 }).await;
    let proof = platform.get(&path, key).await;
    let file = platform.write("entry.json", &proof.text);
    let (code, said) = platform.run(&["verify", "log", &file, "--keys", &keys]);
    assert_eq!(code, Some(0), "{said}");
    let mut forged = proof.json();
    forged["leaf"] = json!(leaf + 1);
    let file = platform.write("entry-forged.json", &forged.to_string());
    assert_eq!(platform.run(&["verify", "log", &file, "--keys", &keys]).0, Some(4), "a moved entry does not hold");
    proof.json()
}

/// After an erasure the same entry stands in the log of then, which continues the one from before; a log that was rewritten would not.
async fn the_log_has_only_grown(platform: &Platform, key: &str, before: &Value) {
    let keys = platform.folder().parent().unwrap().join("keys.json").display().to_string();
    let (fresh, grown) = platform.fresh_proof(before, key).await;
    let (old, new) = (platform.write("entry-before.json", &before.to_string()), platform.write("entry-after.json", &fresh));
    let verify = |grown: &str| {
        let proof = platform.write("grown.json", grown);
        platform.run(&["verify", "log", &new, "--keys", &keys, "--since", &old, "--consistency", &proof])
    };
    let (code, said) = verify(&grown);
    assert_eq!(code, Some(0), "{said}");
    let mut forged: Value = serde_json::from_str(&grown).unwrap();
    forged["proof"].as_array_mut().unwrap().pop();
    assert_eq!(verify(&forged.to_string()).0, Some(4), "a proof that lacks a hash shows nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contacts_life_with_all_services_in_one_process() {
    a_contacts_life(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contacts_life_with_a_process_a_service() {
    a_contacts_life(&["--separate"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_what_the_test_clock_says_for_every_process_and_only_moves_forward() {
    let platform = Platform::start(&["--separate", "--clock", "test"]).await;
    let (_, key) = platform.tenant("acme").await;
    let import = platform.commit("contacts-plain.csv", &key).await;
    platform.done(&import, &key).await;
    let now = platform.get("/dev/clock", "").await.json()["now"].as_str().unwrap().to_owned();
    let advanced = platform.post("/dev/clock/advance", "", &json!({"seconds": 2 * 86_400})).await;
    assert_eq!(advanced.status, 200, "{}", advanced.text);
    assert!(advanced.json()["now"].as_str().unwrap() > now.as_str());
    let back = send(platform.request(reqwest::Method::PUT, "/dev/clock", "").json(&json!({"now": now}))).await;
    assert_eq!(back.status, 409, "{}", back.text);
    // Two epochs later keys have been wrapped anew, and everybody who was there still opens.
    until("contacts open after the epochs have turned", || async {
        platform.read("/v1/contacts?limit=200", &key, "client_service:support").await.json()["data"].as_array().is_some_and(|contacts| {
            contacts.len() == 200 && contacts.iter().all(|contact| contact["email"].is_string() || contact["telephone"].is_string())
        })
    })
    .await;
    drop(platform);
    let real = Platform::start(&[]).await;
    assert_eq!(real.get("/dev/clock", "").await.status, 404, "without the switch there is no clock to set");
}
