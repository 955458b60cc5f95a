//! The arrows between crates: what ARCHITECTURE.md draws is all there is.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// What each shared crate may use; an arrow that is not here is forbidden. Services may use every shared crate but the test kit.
const SHARED: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("privacy-derive", &[]),
    ("privacy", &["kernel", "privacy-derive"]),
    ("seal", &["kernel", "privacy"]),
    ("events", &["kernel"]),
    ("runtime", &["kernel"]),
    ("db", &["kernel", "events", "runtime"]),
    ("bus", &["kernel", "events", "runtime", "db"]),
    ("web", &["kernel", "privacy", "events", "runtime", "db", "bus"]),
    ("opener", &["kernel", "privacy", "seal", "events", "runtime", "db", "bus", "web"]),
    ("embedded", &[]),
    ("testkit", &["kernel", "privacy", "seal", "events", "runtime", "db", "bus", "web", "opener", "embedded"]),
];

const SERVICES: &[&str] = &["identity", "keyring", "contacts", "consent", "rights", "audit"];

/// Crates that do no input or output: what is pure stays where it cannot become otherwise.
const PURE: &[&str] = &["kernel", "privacy", "privacy-derive"];
const IMPURE: &[&str] = &["actix-web", "diesel-async", "rdkafka", "reqwest", "tokio-postgres"];

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The normal (not development) dependencies of every member of the workspace.
fn arrows() -> Arrows {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo describes the workspace");
    metadata
        .packages
        .iter()
        .map(|package| {
            let uses = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
            (package.name.to_string(), uses.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

fn faults(arrows: &Arrows) -> Vec<String> {
    let members: BTreeSet<&str> = arrows.keys().map(String::as_str).collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = SHARED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    for (name, uses) in arrows {
        for other in uses.iter().map(String::as_str).filter(|other| members.contains(other)) {
            let may = match name.as_str() {
                "mxtr" => other != "testkit" && other != "e2e-tests",
                "e2e-tests" => other == "embedded",
                service if SERVICES.contains(&service) => allowed.contains_key(other) && other != "testkit" && other != "embedded",
                shared => allowed.get(shared).is_some_and(|uses| uses.contains(other)),
            };
            if !may {
                faults.push(format!("{name} -> {other}"));
            }
        }
        if PURE.contains(&name.as_str()) {
            faults.extend(uses.iter().filter(|other| IMPURE.contains(&other.as_str())).map(|other| format!("{name} -> {other}")));
        }
    }
    faults
}

#[test]
fn every_arrow_between_crates_is_drawn_in_the_architecture() {
    assert_eq!(faults(&arrows()), Vec::<String>::new());
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    for (from, to) in
        [("kernel", "db"), ("contacts", "consent"), ("privacy", "reqwest"), ("rights", "testkit"), ("db", "bus"), ("e2e-tests", "contacts")]
    {
        let mut planted = arrows();
        planted.entry(from.to_owned()).or_default().insert(to.to_owned());
        assert_eq!(faults(&planted), vec![format!("{from} -> {to}")]);
    }
}

#[test]
fn every_member_is_known_to_this_test() {
    let known = SHARED.iter().map(|(name, _)| *name).chain(SERVICES.iter().copied()).chain(["mxtr", "e2e-tests"]).collect::<BTreeSet<_>>();
    let members = arrows();
    assert_eq!(members.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
}
