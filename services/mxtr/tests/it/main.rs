//! What the binary says of all services together.

mod doctor;

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
    let (known_file, made_file) = (committed.display(), made.display());
    assert!(known == said, "look at the difference (diff {known_file} {made_file}), then: cp {made_file} {known_file}");
}

#[test]
fn what_is_derived_is_made_from_stores_that_there_are() {
    let inventory = mxtr::inventory();
    let stores: BTreeSet<&str> = inventory.iter().map(|store| store.store).collect();
    let inputs = inventory.iter().flat_map(|store| store.fields).flat_map(|field| field.inputs);
    let unknown: Vec<_> = inputs.filter(|input| !stores.contains(*input)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are in no service's inventory");
}

/// Tables whose rows say nothing of a person, and why. Every other table stands in the inventory, field by field.
const OF_NOBODY: [(&str, &str); 14] = [
    ("audit.checkpoints", "hashes of the whole log, signed"),
    ("audit.head", "how far the log has come"),
    ("audit.nodes", "hashes of entries"),
    ("consent.acknowledgements", "random ids, and which service has heard of which version"),
    ("contacts.attestations", "what a provider signed, about itself"),
    ("contacts.queue", "ids of imports"),
    ("keyring.buckets", "random keys, wrapped"),
    ("keyring.epochs", "times"),
    ("keyring.index_keys", "random keys, wrapped"),
    ("keyring.retired_epochs", "times"),
    ("keyring.roster", "ids of tenants"),
    ("keyring.tenant_epochs", "random keys, wrapped"),
    ("rights.agenda", "ids of cases and when they are looked at again"),
    ("rights.outcomes", "which service answered, and counts"),
];

/// The names behind `CREATE TABLE` in every service's migrations.
fn tables() -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for service in mxtr::SERVED {
        let migrations = std::fs::read_dir(services.join(service.name()).join("migrations")).expect("a service has migrations");
        for migration in migrations {
            let sql = std::fs::read_to_string(migration.expect("it is a folder").path().join("up.sql")).expect("it says what to do");
            let named = sql.split("CREATE TABLE ").skip(1).map(|rest| rest.trim_start_matches("IF NOT EXISTS "));
            tables.extend(named.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned));
        }
    }
    tables
}

#[test]
fn every_table_is_in_the_inventory_or_says_why_it_is_about_nobody() {
    let inventory = mxtr::inventory();
    let known: BTreeSet<&str> = inventory.iter().map(|store| store.store).chain(OF_NOBODY.map(|(table, _)| table)).collect();
    let tables = tables();
    assert!(tables.contains("contacts.contacts"), "{tables:?}");
    let unsaid: Vec<_> = tables.iter().filter(|table| !known.contains(table.as_str())).collect();
    assert!(unsaid.is_empty(), "{unsaid:?} stand in no inventory and not in the list of tables about nobody");
    let vanished: Vec<_> = known.iter().filter(|table| !tables.contains(**table)).collect();
    assert!(vanished.is_empty(), "{vanished:?} are no tables");
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
