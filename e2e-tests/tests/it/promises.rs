//! What the documents promise is tied to tests that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The tests that a document names: `crate: module` or `crate: module::test`, in backticks.
fn named(document: &str) -> BTreeSet<(String, String, Option<String>)> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|text| {
            let (name, place) = text.split_once(": ")?;
            let (module, test) = place.split_once("::").map_or((place, None), |(module, test)| (module, Some(test.to_owned())));
            Some((name.to_owned(), module.to_owned(), test))
        })
        .collect()
}

/// Whether a crate has this module of tests, and this test in it.
fn exists((owner, module, case): &(String, String, Option<String>)) -> bool {
    let folders = ["", "shared", "services"].map(|folder| root().join(folder).join(owner).join("tests/it"));
    let source = folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(format!("{module}.rs"))).ok());
    source.is_some_and(|source| case.as_ref().is_none_or(|case| source.contains(&format!("fn {case}("))))
}

#[test]
fn every_test_that_the_policy_map_names_exists() {
    let map = std::fs::read_to_string(root().join("docs/policy-map.md")).unwrap();
    let named = named(&map);
    assert!(named.len() > 15, "{} tests are named", named.len());
    let missing: Vec<_> = named.into_iter().filter(|test| !exists(test) && test.0 != "crate").collect();
    assert_eq!(missing, []);
}

#[test]
fn a_test_that_does_not_exist_is_found_missing() {
    let planted = named("| P-X | `contacts: import_rows::nobody_wrote_this` | `nowhere: at_all` | `kernel: card` |");
    assert_eq!(planted.iter().filter(|test| !exists(test)).count(), 2);
}
