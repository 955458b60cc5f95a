//! What the binary says of all services together.

use kernel::Service;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_inventory_is_what_the_types_say() {
    let said = serde_json::to_string_pretty(&mxtr::inventory()).expect("an inventory has a JSON form") + "\n";
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/inventory.json");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inventory.json");
    std::fs::write(&made, &said).expect("the target folder can be written");
    let known = std::fs::read_to_string(&committed).unwrap_or_default();
    assert_eq!(known, said, "look at the difference, then: cp {} docs/inventory.json", made.display());
}

#[test]
fn what_is_derived_is_made_from_stores_that_there_are() {
    let inventory = mxtr::inventory();
    let stores: BTreeSet<&str> = inventory.iter().map(|store| store.store).collect();
    let inputs = inventory.iter().flat_map(|store| store.fields).flat_map(|field| field.inputs);
    let unknown: Vec<_> = inputs.filter(|input| !stores.contains(*input)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are in no service's inventory");
}

#[test]
fn every_path_of_every_document_has_its_service_as_the_one_owner() {
    for service in mxtr::SERVED {
        let document = mxtr::openapi(service);
        for path in document.paths.paths.keys() {
            assert_eq!(mxtr::owner(path), Some(service), "{path}");
        }
    }
}

/// Whoever holds something of a person answers in every phase. Two are exceptions with a reason: keyring says whether there is a key, destroys it and looks for it afterwards, and the
/// entries of audit name a commitment that unties by itself when the key goes.
#[test]
fn whoever_holds_personal_fields_takes_part_in_every_case() {
    use events::platform::RightsPhase;
    use events::rights::CaseKind;
    let holds = |store: &privacy::StoreRecord| store.fields.iter().any(|field| field.category.is_some());
    let holders: BTreeSet<Service> = mxtr::inventory().iter().filter(|store| holds(store)).map(|store| store.service).collect();
    assert!(holders.len() >= 4, "{holders:?}");
    for service in holders.into_iter().filter(|service| ![Service::Keyring, Service::Audit].contains(service)) {
        for phase in [RightsPhase::Plan, RightsPhase::Collect, RightsPhase::Erase, RightsPhase::Scan] {
            for kind in [CaseKind::Access, CaseKind::Erasure] {
                assert!(
                    rights::domain::progress::participants(kind, phase).contains(&service),
                    "{service} holds personal fields and does not answer {phase:?} of {kind:?}"
                );
            }
        }
    }
}

/// The last commands of each branch, with their help.
fn leaves(command: &mut clap::Command, path: &str, all: &mut Vec<(String, String)>) {
    let path = format!("{path} {}", command.get_name());
    if command.has_subcommands() {
        command.get_subcommands_mut().for_each(|below| leaves(below, &path, all));
    } else {
        all.push((path, command.render_long_help().to_string()));
    }
}

#[test]
fn every_command_shows_an_example_of_itself_and_its_exit_codes() {
    let mut all = Vec::new();
    leaves(&mut mxtr::cli::commands(), "", &mut all);
    assert!(all.len() >= 16, "{all:?}");
    for (path, help) in all {
        let examples = help.split_once("Example").map(|(_, after)| after).unwrap_or_default();
        assert!(examples.contains(path.trim()), "{path} has no example:\n{help}");
        assert!(help.contains("Exit codes: 0 done"), "{path} does not say its exit codes:\n{help}");
    }
}
