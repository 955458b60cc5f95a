//! The main job on a real file, told step by step with the real calls and the real answers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on ends")]

use e2e_tests::platform::{Answer, Platform, counted, data, forget, mxtr, send, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::Cell;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const SUPPORT: &str = "client_service:support";
const NEWSLETTER: &str = "client_service:newsletter";
const FILE: &str = "contacts-mailchimp.csv";
const IMPORT: [&str; 6] = ["import", FILE, "--key-file", "owner.key", "--basis", "contract"];
/// Longer answers are cut here, in lines.
const SHOWN: usize = 24;

struct Story {
    platform: Platform,
    folder: PathBuf,
    step: Cell<u32>,
}

/// Somebody who calls: how the key is named in what is printed, and the key.
#[derive(Clone)]
struct Caller {
    name: &'static str,
    key: String,
}

impl Story {
    fn step(&self, title: &str) {
        self.step.set(self.step.get() + 1);
        let (bold, plain) = if std::io::stdout().is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        println!("\n{bold}{:>2}. {title}{plain}", self.step.get());
    }

    /// Makes a call, and prints it as somebody would type it, with its answer.
    async fn call(&self, caller: &Caller, method: Method, path: &str, purpose: Option<&str>, body: Option<&Value>) -> Answer {
        print!("    $ curl -s -X {method} $BASE{path} -H \"Authorization: Bearer ${}\"", caller.name);
        let mut request = self.platform.request(method, path, &caller.key);
        if let Some(purpose) = purpose {
            print!(" -H 'Mxtr-Purpose: {purpose}'");
            request = request.header("mxtr-purpose", purpose);
        }
        if let Some(body) = body {
            print!(" -H 'Content-Type: application/json' -d '{body}'");
            request = request.json(body);
        }
        println!();
        let answer = send(request).await;
        show(&answer);
        answer
    }

    async fn read(&self, caller: &Caller, subject: &str, purpose: &str) -> Value {
        self.call(caller, Method::GET, &format!("/v1/contacts/{subject}"), Some(purpose), None).await.json()
    }

    async fn says(&self, caller: &Caller, subject: &str, said: &str) -> Value {
        let body =
            json!({"subject_id": subject, "purpose": NEWSLETTER, "said": said, "method": "form", "language": "de", "text_version": "1"});
        let answer = self.call(caller, Method::POST, "/v1/consents", None, Some(&body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Opens a case and waits for its end.
    async fn case(&self, caller: &Caller, kind: &str, subject: &str) -> Value {
        let began = Instant::now();
        let opened = self.call(caller, Method::POST, "/v1/cases", None, Some(&json!({"kind": kind, "subject_id": subject}))).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let path = format!("/v1/cases/{}", opened.json()["id"].as_str().unwrap());
        until("the case is closed", || async { self.platform.get(&path, &caller.key).await.json()["closed_at"].is_string() }).await;
        let done = self.platform.get(&path, &caller.key).await.json();
        println!("    … {} after {} ms", done["state"].as_str().unwrap(), began.elapsed().as_millis());
        done
    }

    /// Runs a command of `mxtr` and prints it with what it says; returns its exit code.
    fn mxtr(&self, arguments: &[&str]) -> Option<i32> {
        println!("    $ mxtr {}", arguments.join(" "));
        let ended = Command::new(mxtr()).args(arguments).current_dir(&self.folder).status().unwrap();
        if ended.code() != Some(0) {
            println!("    exit code {}", ended.code().unwrap_or(-1));
        }
        ended.code()
    }

    /// Imports the file for people to look at; returns the import's id.
    fn imports(&self) -> String {
        println!("    $ mxtr {}", IMPORT.join(" "));
        let output = Command::new(mxtr()).args(IMPORT).current_dir(&self.folder).stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        print!("{said}");
        assert!(output.status.success(), "{}", output.status);
        said.lines().find_map(|line| line.strip_prefix("import ")).unwrap().to_owned()
    }

    /// Imports the file again; returns the import.
    fn imports_again(&self) -> Value {
        let output = Command::new(mxtr()).args(IMPORT).arg("--json").current_dir(&self.folder).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// Dumps everything, opens what the keys open, and looks for the person; says whether they are there.
    fn is_found(&self, dump: &str, key_store: Option<&str>) -> bool {
        let _gone = fs::remove_dir_all(self.folder.join(dump));
        let mut arguments = vec!["dump", dump, "--opened"];
        arguments.extend(key_store.map(|from| ["--key-store", from]).into_iter().flatten());
        assert_eq!(self.mxtr(&arguments), Some(0));
        match self.mxtr(&["verify", "scan", dump, "--values", "person.txt"]) {
            Some(0) => false,
            Some(4) => true,
            other => panic!("the scan ended with {other:?}"),
        }
    }
}

fn show(answer: &Answer) {
    let text = serde_json::to_string_pretty(&answer.json()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    println!("    {}", answer.status);
    for line in lines.iter().take(SHOWN) {
        let short: String = line.chars().take(150).collect();
        println!("    {short}{}", if short.len() < line.len() { " …" } else { "" });
    }
    if lines.len() > SHOWN {
        println!("    … {} more lines", lines.len() - SHOWN);
    }
}

#[tokio::main]
async fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/demo");
    // Each run tells the story from its beginning.
    forget(&folder);
    fs::create_dir_all(&folder).unwrap();
    let folder = folder.canonicalize().unwrap();
    println!("Starting PostgreSQL, Kafka and the services below {} with a test clock …", folder.display());
    let platform = Platform::start_in(&folder, &["--clock", "test"]).await;
    println!("BASE={}", platform.base);
    let story = Story { platform, folder, step: Cell::new(0) };
    tell(&story).await;
    // Dumps hold people in clear, and are large.
    for dump in ["before", "after", "later"] {
        fs::remove_dir_all(story.folder.join(dump)).unwrap();
    }
    println!(
        "\nThat was all of it: {} steps, each on real PostgreSQL, real Kafka and real keys. Next: make up, and the README.",
        story.step.get()
    );
}

async fn tell(story: &Story) {
    let (admin, owner, developer) = joins(story).await;
    let before = brings_contacts(story, &owner).await;
    let subject = reads_for_a_purpose(story, &owner).await;
    consents(story, &owner, &subject).await;
    sees_nothing(story, &admin, &developer, &subject).await;
    is_written_down(story, &owner, &subject).await;
    exercises_rights(story, &owner, &subject).await;
    does_not_come_back(story, &owner, &subject, &before).await;
}

/// A tenant with an owner's key and one that connects systems.
async fn joins(story: &Story) -> (Caller, Caller, Caller) {
    story.step("A client joins: a tenant with its owner's key, and a second key of another role");
    let admin = Caller { name: "ADMIN", key: story.platform.admin.clone() };
    let body = json!({
        "name": "Acme GmbH", "privacy_policy_url": "https://acme.example/privacy", "privacy_policy_version": "2026-01",
        "time_zone": "Europe/Berlin", "jurisdiction": "DE", "chosen_services": ["newsletter", "support"],
    });
    let made = story.platform.post("/v1/tenants", &admin.key, &body).await;
    println!("    $ curl -s -X POST $BASE/v1/tenants -H \"Authorization: Bearer $ADMIN\" -H 'Content-Type: application/json' -d '{body}'");
    assert_eq!(made.status, 201, "{}", made.text);
    println!("    201  tenant {} (the key's text is shown once, and only its hash is kept)", made.json()["id"]);
    let owner = Caller { name: "OWNER", key: made.json()["owner_key"]["key"].as_str().unwrap().to_owned() };
    let body = json!({"roles": ["developer"], "label": "shop"});
    println!("    $ curl -s -X POST $BASE/v1/api-keys -H \"Authorization: Bearer $OWNER\" -H 'Content-Type: application/json' -d '{body}'");
    let second = story.platform.post("/v1/api-keys", &owner.key, &body).await;
    assert_eq!(second.status, 201, "{}", second.text);
    println!("    201  key {} of role developer", second.json()["id"]);
    let developer = Caller { name: "DEVELOPER", key: second.json()["key"].as_str().unwrap().to_owned() };
    story.write("owner.key", &owner.key);
    (admin, owner, developer)
}

/// The counts of the Mailchimp file are those that a person counted beforehand.
async fn brings_contacts(story: &Story, owner: &Caller) -> Value {
    story.step("It imports 2,000 rows as Mailchimp exports them");
    fs::copy(data(FILE), story.folder.join(FILE)).unwrap();
    let id = story.imports();
    let first = story.platform.get(&format!("/v1/imports/{id}"), &owner.key).await.json();
    let expected: Value = serde_json::from_str(&fs::read_to_string(data("contacts-mailchimp.expected.json")).unwrap()).unwrap();
    assert_eq!(counted(&first), expected["counts"], "the counts are those that a person counted beforehand");
    println!("    Created, merged and rejected, reason by reason, are what was counted beforehand: {}", expected["counts"]);
    let again = story.imports_again();
    let sum = |names: &[&str]| names.iter().filter_map(|name| expected["counts"][*name].as_u64()).sum::<u64>();
    assert_eq!(again["counts"]["merged"].as_u64(), Some(sum(&["created", "merged"])), "{again}");
    println!(
        "    The same file again: {} merged, {} created, as the expected counts say",
        again["counts"]["merged"], again["counts"]["created"]
    );
    again
}

/// One contact, read for three purposes.
async fn reads_for_a_purpose(story: &Story, owner: &Caller) -> String {
    story.step("It reads a contact to answer a question: allowed, and written down");
    let page = story.platform.read("/v1/contacts?limit=50", &owner.key, SUPPORT).await.json();
    let named = page["data"].as_array().unwrap().iter().find(|contact| contact["email"].is_string() && contact["last_name"].is_string());
    let subject = named.unwrap()["id"].as_str().unwrap().to_owned();
    let contact = story.read(owner, &subject, SUPPORT).await;
    story.write("person.txt", contact["email"].as_str().unwrap());
    story.step("For the newsletter the same contact is withheld: nobody has asked them. That is no error: the answer is a 200 that says what is kept back, and why");
    let withheld = story.read(owner, &subject, NEWSLETTER).await;
    assert_eq!(withheld["withheld"][0]["reason"], "no-consent");
    story.step("For the platform's own marketing it is withheld whatever anybody says: imported people are the client's");
    let marketing = story.read(owner, &subject, "direct_marketing").await;
    assert_eq!(marketing["withheld"][0]["reason"], "processor-record");
    subject
}

/// Consent is given, with a receipt that anybody can check, and withdrawn.
async fn consents(story: &Story, owner: &Caller, subject: &str) {
    story.step("The contact agrees to the newsletter; the receipt is verified offline, with the public keys alone");
    let given = story.says(owner, subject, "given").await;
    story.write("keys.json", &story.platform.get("/.well-known/evidence-keys.json", "").await.text);
    let receipt = story.platform.get(&format!("/v1/receipts/{}", given["receipt_id"].as_str().unwrap()), &owner.key).await;
    story.write("receipt.json", &receipt.text);
    assert_eq!(story.mxtr(&["verify", "receipt", "receipt.json", "--keys", "keys.json"]), Some(0));
    let path = format!("/v1/contacts/{subject}");
    let allowed = || async { story.platform.read(&path, &owner.key, NEWSLETTER).await.json()["email"].is_string() };
    until("consent is in force", allowed).await;
    println!("    and the newsletter may be sent: GET {path} for {NEWSLETTER} answers with the address");
    story.step("The contact withdraws it");
    let began = Instant::now();
    let withdrawn = story.says(owner, subject, "withdrawn").await;
    until("the withdrawal is in force", || async { !allowed().await }).await;
    println!(
        "    withheld again {} ms after the call began; promised: effective_by {}",
        began.elapsed().as_millis(),
        withdrawn["effective_by"]
    );
}

/// Another role, another tenant.
async fn sees_nothing(story: &Story, admin: &Caller, developer: &Caller, subject: &str) {
    story.step("A key of a role without the category sees nothing of it");
    let path = format!("/v1/contacts/{subject}");
    let refused = story.call(developer, Method::GET, &path, Some("operate"), None).await;
    assert!(refused.status == 403 || refused.json()["email"].is_null(), "{}", refused.text);
    story.step("For another tenant there is no such contact");
    let body = json!({
        "name": "Another", "privacy_policy_url": "https://another.example/privacy", "privacy_policy_version": "1",
        "time_zone": "Europe/Paris", "jurisdiction": "FR", "chosen_services": ["support"],
    });
    println!("    $ curl -s -X POST $BASE/v1/tenants -H \"Authorization: Bearer $ADMIN\" -H 'Content-Type: application/json' -d '{body}'");
    let made = story.platform.post("/v1/tenants", &admin.key, &body).await.json();
    println!("    201  tenant {}", made["id"]);
    let stranger = Caller { name: "STRANGER", key: made["owner_key"]["key"].as_str().unwrap().to_owned() };
    assert_eq!(story.call(&stranger, Method::GET, &path, Some(SUPPORT), None).await.status, 404);
}

/// Who read the person, with a proof.
async fn is_written_down(story: &Story, owner: &Caller, subject: &str) {
    story.step("Who looked at that person, and why? Each entry comes with a proof against a signed checkpoint");
    let search = json!({"subject_id": subject});
    until("the reads are in the log", || async {
        story.platform.post("/v1/reads/search", &owner.key, &search).await.json()["data"].as_array().is_some_and(|reads| reads.len() >= 3)
    })
    .await;
    let reads = story.call(owner, Method::POST, "/v1/reads/search", None, Some(&search)).await.json();
    let path = format!("/v1/reads/{}/proof", reads["data"][0]["leaf"]);
    until("a checkpoint speaks for it", || async { story.platform.get(&path, &owner.key).await.status == 200 }).await;
    story.write("entry.json", &story.platform.get(&path, &owner.key).await.text);
    assert_eq!(story.mxtr(&["verify", "log", "entry.json", "--keys", "keys.json"]), Some(0));
}

/// Access and erasure, with what is found before and after.
async fn exercises_rights(story: &Story, owner: &Caller, subject: &str) {
    story.step("The contact asks for a copy: a package from every service that holds something");
    let access = story.case(owner, "access", subject).await;
    let path = format!("/v1/cases/{}/package", access["id"].as_str().unwrap());
    let package = story.platform.request(Method::GET, &path, &owner.key).send().await.unwrap().bytes().await.unwrap();
    fs::write(story.folder.join("package.zip"), &package).unwrap();
    println!(
        "    $ curl -s $BASE{path} -H \"Authorization: Bearer $OWNER\" -o package.zip      ({} bytes: a page to read, and JSON)",
        package.len()
    );
    story.step("Is the person in the platform's data? Every database, topic, log and data file, and all that the keys open: yes, and a search that finds ends with 4");
    assert!(story.is_found("before", None), "the scan proves itself on somebody who is there");
    story.step("The contact asks to be erased: the key is destroyed, rows go, everybody looks for what is left, and signs");
    let erasure = story.case(owner, "erasure", subject).await;
    let certificate = story.platform.get(&format!("/v1/cases/{}/certificate", erasure["id"].as_str().unwrap()), &owner.key).await;
    story.write("certificate.json", &certificate.text);
    assert_eq!(story.mxtr(&["verify", "certificate", "certificate.json", "--keys", "keys.json"]), Some(0));
    story.step("The same search again: nothing");
    assert!(!story.is_found("after", None), "the person is still there");
    story.step("Two days later the root keys of then are gone: not even the key store's copy from before opens anything of them");
    let roots = story.folder.join(".mxtr/secrets/roots");
    let old = fs::read_dir(&roots).unwrap().filter_map(Result::ok).map(|root| root.path()).collect::<Vec<_>>();
    let advanced = story.platform.post("/dev/clock/advance", "", &json!({"seconds": 172_800})).await;
    assert_eq!(advanced.status, 200, "{}", advanced.text);
    println!("    this platform runs on a clock that only goes when told to; now it says {}", advanced.json()["now"]);
    until("the old roots are gone", || async { old.iter().any(|root| !root.exists()) }).await;
    assert!(!story.is_found("later", Some("before")), "an old copy of the key store opens the person");
}

/// The file again, and the log.
async fn does_not_come_back(story: &Story, owner: &Caller, subject: &str, before: &Value) {
    story.step("The file is imported again: everybody else is merged, the erased person stays away");
    let again = story.imports_again();
    println!("    {}", again["counts"]);
    assert_eq!((again["counts"]["created"].as_u64(), again["counts"]["suppressed"].as_u64() > Some(0)), (Some(0), true));
    let (merged, all) = (again["counts"]["merged"].as_u64().unwrap(), before["counts"]["merged"].as_u64().unwrap());
    assert_eq!(merged + again["counts"]["suppressed"].as_u64().unwrap(), all);
    story.step("The audit log still verifies: the same entry against today's checkpoint, and that nothing of it was rewritten. It no longer answers for the person");
    let old: Value = serde_json::from_str(&fs::read_to_string(story.folder.join("entry.json")).unwrap()).unwrap();
    let (fresh, grown) = story.platform.fresh_proof(&old, &owner.key).await;
    println!("    $ curl -s $BASE/v1/reads/{}/proof -H \"Authorization: Bearer $OWNER\" > entry-today.json", old["leaf"]);
    println!("    $ curl -s \"$BASE/v1/audit/proofs/consistency?from=…&to=…\" > grown.json      (the sizes of both checkpoints)");
    story.write("entry-today.json", &fresh);
    story.write("grown.json", &grown);
    let since = ["--since", "entry.json", "--consistency", "grown.json"];
    assert_eq!(story.mxtr(&[&["verify", "log", "entry-today.json", "--keys", "keys.json"], &since[..]].concat()), Some(0));
    let search = story.call(owner, Method::POST, "/v1/reads/search", None, Some(&json!({"subject_id": subject}))).await;
    assert_eq!(search.status, 404, "{}", search.text);
}
