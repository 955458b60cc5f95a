//! What the platform does in a second on this machine, beside what the bare parts do in the same run.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

mod ceiling;
mod effects;
mod import;
mod load;
mod machine;
mod report;

use e2e_tests::platform::Platform;
use report::Report;
use serde_json::{Value, json};
use std::collections::HashSet;

/// How much is measured: all of it, or a tenth to see that it works.
#[derive(Clone, Copy)]
pub struct Size {
    pub divisor: u64,
}

impl Size {
    pub fn of(self, whole: u64) -> u64 {
        (whole / self.divisor).max(1)
    }
}

/// What every measurement works with.
pub struct Bench {
    pub platform: Platform,
    pub tenant: String,
    pub owner: String,
    pub size: Size,
}

/// What `--only` takes.
const ROWS: [&str; 9] = [
    "import_100k",
    "tenant_read",
    "contact_read",
    "decision_http",
    "withdrawal_effect",
    "revocation_effect",
    "access_case",
    "erasure_case",
    "idle_memory",
];

/// Ends with exit code 2: wrong usage.
fn wrong(why: &str) -> ! {
    eprintln!("{why}\n\n{USAGE}");
    std::process::exit(2)
}

const USAGE: &str = "Usage: bench [--quick] [--only ROW]…\n\nRows: import_100k tenant_read contact_read decision_http withdrawal_effect revocation_effect access_case erasure_case idle_memory\n\n\
    Prints a table and writes target/bench/latest.json (not with --quick). A target that was missed is marked; the exit code is 0 whenever everything was measured.";

#[tokio::main]
async fn main() {
    let (mut quick, mut only) = (false, HashSet::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => quick = true,
            "--only" => drop(only.insert(arguments.next().unwrap_or_default())),
            "--help" => return println!("{USAGE}"),
            _ => wrong(&format!("{argument} is not known")),
        }
    }
    if let Some(unknown) = only.iter().find(|row| !ROWS.contains(&row.as_str())) {
        wrong(&format!("there is no row {unknown:?}"));
    }
    let wanted = |row: &str| only.is_empty() || only.contains(row);
    eprintln!("starting a platform of its own …");
    let platform = Platform::start(&[]).await;
    let (tenant, owner) = platform.tenant("bench").await;
    let bench = Bench { platform, tenant, owner, size: Size { divisor: if quick { 10 } else { 1 } } };
    let mut report = Report::default();
    if wanted("idle_memory") {
        machine::memory(&bench, &mut report);
    }
    if wanted("import_100k") {
        import::measure(&bench, &mut report).await;
    }
    let people = people(&bench).await;
    if wanted("tenant_read") {
        load::tenant_read(&bench, &mut report);
    }
    if wanted("contact_read") {
        load::contact_read(&bench, &people, &mut report).await;
    }
    if wanted("decision_http") {
        load::decision(&bench, &people, &mut report).await;
    }
    if wanted("withdrawal_effect") {
        effects::withdrawal(&bench, &people, &mut report).await;
    }
    if wanted("revocation_effect") {
        effects::revocation(&bench, &people, &mut report).await;
    }
    if wanted("access_case") {
        effects::cases(&bench, "access", &people, &mut report).await;
    }
    if wanted("erasure_case") {
        effects::cases(&bench, "erasure", &people, &mut report).await;
    }
    report.finish(quick);
}

/// Contacts to work with: some thousand, made if the import was not measured.
async fn people(bench: &Bench) -> Vec<String> {
    let import = bench.platform.commit("contacts-mailchimp.csv", &bench.owner).await;
    bench.platform.done(&import, &bench.owner).await;
    let page = bench.platform.read("/v1/contacts?limit=200", &bench.owner, "client_service:support").await.json();
    let people: Vec<String> = page["data"].as_array().unwrap().iter().map(|contact| contact["id"].as_str().unwrap().to_owned()).collect();
    // Consent has heard of the last of them.
    let last = people.last().unwrap();
    e2e_tests::platform::until("consent knows the contacts", || async {
        let question: Value = json!({"questions": [{"subject_id": last, "purpose": "audit", "verb": "read", "categories": ["personal"]}]});
        bench.platform.post("/v1/decisions", &bench.owner, &question).await.json()["data"][0]["known"] == true
    })
    .await;
    people
}
