//! The commands of a terminal beside a running platform: what they answer, as text and as JSON, and how they end.

use crate::outside::settings;
use e2e_tests::platform::{Platform, counted, data, mxtr, until};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_answers_as_text_and_as_json_and_ends_with_its_code() {
    let mut platform = Platform::start(&["--json"]).await;
    it_said_where_it_is_in_one_line(&platform);
    let (_, key) = platform.tenant("acme").await;
    let key = platform.write("tenant.key", &format!("{key}\n"));
    a_file_is_imported(&platform, &key);
    a_bad_file_is_refused(&platform, &key);
    dead_letters_are_shown_and_said_again(&platform).await;
    databases_are_migrated(&platform).await;
    it_stops(&mut platform).await;
}

fn it_said_where_it_is_in_one_line(platform: &Platform) {
    let log = platform.log();
    let lines: Vec<Value> = log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let state = platform.state();
    assert_eq!(lines.len(), 1, "{log}");
    for place in ["base_url", "health_url", "kafka_brokers", "pid", "services"] {
        assert_eq!(lines[0][place], state[place], "{place}");
    }
    let password = state["databases"]["contacts"].as_str().unwrap().split([':', '@']).nth(2).unwrap().to_owned();
    assert!(password.len() > 20 && !log.contains(&password), "no password is shown");
}

fn a_file_is_imported(platform: &Platform, key: &str) {
    let file = data("contacts-plain.csv").display().to_string();
    let import = ["import", file.as_str(), "--key-file", key, "--basis", "contract"];
    let done = platform.run_json(&[&import[..], &["--json"]].concat());
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(data("contacts-plain.expected.json")).unwrap()).unwrap();
    assert_eq!((&done["state"], counted(&done)), (&json!("done"), expected["counts"].clone()));

    let (code, said) = in_a_terminal(platform, &import);
    assert_eq!(code, Some(0), "{said}");
    let total = done["progress"]["total"].as_u64().unwrap();
    assert!(said.contains(&format!("{total}/{total} rows")), "it shows how far it is: {said}");
    assert!(said.contains("created 0, merged ") && said.contains("rejects.csv"), "and what came of it: {said}");
}

/// Where somebody looks on, there is a bar; `script` makes a terminal for it.
fn in_a_terminal(platform: &Platform, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = platform.folder();
    let mut script = Command::new("script");
    if cfg!(target_os = "macos") {
        script.args(["-q", "/dev/null"]).arg(mxtr()).args(arguments);
    } else {
        let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
        script.args(["-q", "-e", "-c", &format!("'{}' {}", mxtr().display(), words.join(" ")), "/dev/null"]);
    }
    let output = script.current_dir(folder.parent().unwrap()).env("TERM", "xterm").output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn a_bad_file_is_refused(platform: &Platform, key: &str) {
    let import = |name: &str, text: &[u8]| {
        let file = platform.write(name, "");
        std::fs::write(&file, text).unwrap();
        let (code, said, wrong) = platform.run_with(&["import", &file, "--key-file", key, "--basis", "contract", "--json"], &[]);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{name}: {wrong}");
        assert!(!wrong.contains("cnry-4711"), "{name} is not repeated: {wrong}");
        wrong
    };
    for (name, text) in [("latin1.csv", &b"em\xe4il,cnry-4711\nzoe@example.org,\n"[..]), ("empty.csv", b"")] {
        let wrong = import(name, text);
        assert!(wrong.contains("(400"), "{name}: {wrong}");
    }
    let wrong = import("unknown.csv", b"Whatever,Else\ncnry-4711,cnry-4711\n");
    let (_, id) = wrong.split_once("PUT /v1/imports/").unwrap_or_else(|| panic!("it says what to do next: {wrong}"));
    let id = id.split('/').next().unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok() && wrong.contains(&format!("POST /v1/imports/{id}/commit")), "{wrong}");
    let (code, said) = platform.run(&["import", "nowhere.csv", "--key-file", key, "--basis", "contract"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nowhere.csv cannot be read"), "{said}");
}

async fn dead_letters_are_shown_and_said_again(platform: &Platform) {
    assert_eq!(platform.run(&["dlq", "list", "consent"]), (Some(0), "consent has no dead letters\n".to_owned()));
    let brokers = platform.state()["kafka_brokers"].as_str().unwrap().to_owned();
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    let strange = FutureRecord::<[u8], [u8]>::to("contacts.changes").key(b"cnry-4711").payload(b"\xff cnry-4711");
    producer.send(strange, Duration::from_secs(20)).await.unwrap();
    let letters = || platform.run_json(&["dlq", "list", "consent", "--json"]).as_array().unwrap().clone();
    until("it is a dead letter", || std::future::ready(letters().len() == 1)).await;

    let letter = letters().remove(0);
    let (partition, offset) = (letter["partition"].to_string(), letter["offset"].to_string());
    assert_eq!(platform.run_json(&["dlq", "show", "consent", &partition, &offset, "--json"]), letter);
    for shown in [platform.run(&["dlq", "list", "consent"]), platform.run(&["dlq", "show", "consent", &partition, &offset])] {
        let reason = letter["reason"].as_str().unwrap();
        assert!(shown.0 == Some(0) && shown.1.contains(reason) && !shown.1.contains("cnry-4711"), "why, and never what: {shown:?}");
    }
    let (code, said) = platform.run(&["dlq", "show", "consent", &partition, "4711"]);
    assert!(code == Some(1) && said.contains("mxtr dlq list consent"), "{said}");

    let again = platform.run_json(&["dlq", "redrive", "consent", &partition, &offset, "--json"]);
    let place = json!({"service": "consent", "partition": letter["partition"], "offset": letter["offset"]});
    assert_eq!(again["redriven"], place);
    until("it was said again, and still cannot be read", || std::future::ready(letters().len() == 2)).await;
    let (code, said) = platform.run(&["dlq", "redrive", "consent", &partition, &offset]);
    assert!(code == Some(0) && said.contains("said again"), "{said}");
    assert_eq!(platform.run(&["dlq", "redrive", "consent", &partition, "4711"]).0, Some(1), "there is no such letter");
}

async fn databases_are_migrated(platform: &Platform) {
    let (code, said) = platform.run(&["migrate", "contacts"]);
    assert!(code == Some(1) && said.contains("MXTR_CONTACTS_OWNER_DATABASE_URL"), "it names what it needs: {said}");
    assert_eq!(platform.run(&["migrate", "nobody"]).0, Some(2), "there is no such service");
    let settings = settings(platform).await;
    let (code, said, wrong) = platform.run_with(&["migrate", "all"], &settings);
    assert_eq!(code, Some(0), "{wrong}");
    assert!(said.contains("contacts: the schema is current") && said.contains("topics: all there"), "{said}");
    let (code, said, wrong) = platform.run_with(&["migrate", "contacts", "audit", "--json"], &settings);
    assert_eq!(code, Some(0), "{wrong}");
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), json!({"migrated": ["contacts", "audit"], "topics": true}));
}

async fn it_stops(platform: &mut Platform) {
    let pid = platform.state()["pid"].clone();
    let stopped = platform.run_json(&["down", "--json"]);
    assert_eq!((&stopped["stopped"], &stopped["pid"]), (&json!(true), &pid));
    let (code, said) = platform.ended().await;
    assert_eq!(code, Some(0), "{said}");
    for command in [&["down"][..], &["status"], &["status", "--json"], &["dlq", "list", "consent"]] {
        assert_eq!(platform.run(command).0, Some(3), "{command:?}: nothing runs");
    }
}
