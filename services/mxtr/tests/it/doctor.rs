//! What this machine lacks, as a person and as a program read it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn doctor(arguments: &[&str], path: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxtr"));
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.arg("doctor").args(arguments).output().unwrap()
}

fn findings(output: &Output) -> Vec<Value> {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_there_is_named_with_its_version_and_is_no_fault() {
    let (said, as_json) = (doctor(&[], None), doctor(&["--json"], None));
    assert_eq!((said.status.code(), as_json.status.code()), (Some(0), Some(0)), "the tests run on what it looks for");
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(!said.contains('\u{1b}'), "it is text, also where it is no terminal: {said}");
    for finding in findings(&as_json) {
        let found = finding["found"].as_str().unwrap();
        assert!(!found.is_empty() && finding["remedy"].is_null(), "{finding}");
        assert!(said.lines().any(|line| line.starts_with("ok ") && line.ends_with(found)), "{said}");
    }
}

#[test]
fn what_is_missing_is_named_with_what_to_do_and_ends_in_failure() {
    let nothing = tempfile::tempdir().unwrap();
    let (said, as_json) = (doctor(&[], Some(nothing.path())), doctor(&["--json"], Some(nothing.path())));
    assert_eq!((said.status.code(), as_json.status.code()), (Some(1), Some(1)));
    assert!(String::from_utf8(said.stderr).unwrap().contains("MXTR_KAFKA_BROKERS"), "what to do without them");
    let said = String::from_utf8(said.stdout).unwrap();
    for finding in findings(&as_json) {
        let remedy = finding["remedy"].as_str().unwrap();
        assert!(finding["found"].is_null() && remedy.contains("install"), "{finding}");
        assert!(said.lines().any(|line| line.starts_with("missing ") && line.ends_with(remedy)), "{said}");
    }
}

/// The programs and Debian's names of their packages, from one part of `tools.sh`.
fn needed(part: &str) -> Vec<(String, String)> {
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../embedded/tools.sh")).unwrap();
    let (_, behind) = script.split_once(part).unwrap();
    let words = |line: &str| {
        let mut words = line.split_whitespace().map(ToOwned::to_owned);
        (words.next().as_deref() == Some("need")).then(|| Some((words.next()?, words.next()?)))?
    };
    behind.lines().skip(1).map_while(words).collect()
}

#[test]
fn it_looks_for_what_the_first_make_installs_and_names_the_same_packages() {
    let findings = findings(&doctor(&["--json"], Some(Path::new("/nowhere"))));
    let mut looked_for: Vec<&str> = findings.iter().map(|finding| finding["program"].as_str().unwrap()).collect();
    let needed = needed("# to run");
    let mut installed: Vec<&str> = needed.iter().map(|(program, _)| program.as_str()).collect();
    looked_for.sort_unstable();
    installed.sort_unstable();
    assert_eq!(looked_for, installed);
    for (program, package) in &needed {
        let remedy = findings.iter().find(|finding| finding["program"] == **program).unwrap()["remedy"].as_str().unwrap();
        assert!(remedy.contains(&format!("apt-get install {package}")), "{program}: {remedy}");
    }
}
