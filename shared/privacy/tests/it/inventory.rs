//! The inventory that rows write of themselves.

use kernel::Service;
use privacy::{Category, PersonalData, RecordRole, Source, StoreRecord, check};
use serde_json::json;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
#[expect(dead_code, reason = "the fields are never read here")]
struct Row<'a, T: Clone> {
    #[data(not_personal = "row version")]
    version: i64,
    #[data(category = personal, sources(client, direct), roles(controller, processor), retention = "relationship", sealed)]
    name: &'a [u8],
    #[data(category = preferences, sources(client), roles(processor))]
    #[data(retention = "relationship")]
    language: T,
}

#[test]
fn a_row_says_what_each_field_holds() {
    let [version, name, language] = <Row<'_, String> as PersonalData>::FIELDS else { panic!("three fields") };
    assert_eq!(<Row<'_, String> as PersonalData>::STORE, "contacts.contacts");
    assert_eq!((version.field, version.category, version.why_not_personal), ("version", None, Some("row version")));
    assert_eq!((name.field, name.category, name.sealed), ("name", Some(Category::Personal), true));
    assert_eq!(name.sources, [Source::Client, Source::Direct]);
    assert_eq!(name.roles, [RecordRole::Controller, RecordRole::Processor]);
    assert_eq!((language.retention, language.sealed), ("relationship", false));
}

#[test]
fn a_store_in_json_can_be_read_by_people() {
    let store = StoreRecord::of::<Row<'_, String>>(Service::Contacts);
    let json = serde_json::to_value(store).unwrap();
    assert_eq!((&json["service"], &json["store"]), (&json!("contacts"), &json!("contacts.contacts")));
    let name = json!({
        "field": "name", "category": "personal", "sources": ["client", "direct"], "inputs": [], "roles": ["controller", "processor"],
        "retention": "relationship", "why_not_personal": null, "sealed": true,
    });
    assert_eq!(json["fields"][1], name);
}

/// Every word of the policy, as the derive spells it.
#[derive(PersonalData)]
#[personal(store = "tests.words")]
#[expect(dead_code, reason = "the fields are never read here")]
struct Words {
    #[data(category = preferences, sources(device, direct, client, provider, derived), inputs("contacts.contacts"), roles(controller, processor), retention = "visit")]
    preferences: (),
    #[data(category = identifiers, sources(device, usage), roles(controller), retention = "address")]
    identifiers: (),
    #[data(category = technical, sources(device), roles(controller), retention = "visit")]
    technical: (),
    #[data(category = geographics, sources(device), roles(controller), retention = "visit")]
    geographics: (),
    #[data(category = traffic, sources(usage), roles(controller), retention = "traffic")]
    traffic: (),
    #[data(category = personal, sources(direct, provider, public, client), roles(controller, processor), retention = "relationship")]
    personal: (),
    #[data(category = business, sources(direct), roles(controller), retention = "relationship")]
    business: (),
    #[data(category = billing, sources(provider), roles(controller), retention = "contract")]
    billing: (),
    #[data(category = public, sources(public), roles(controller), retention = "until_objection")]
    public: (),
    #[data(category = imported, sources(client), roles(processor), retention = "relationship")]
    imported: (),
    #[data(category = derived, sources(derived), inputs("contacts.contacts", "consent.records"), roles(controller, processor), retention = "state")]
    derived: (),
}

#[test]
fn the_derive_knows_every_word_of_the_policy() {
    let fields = <Words as PersonalData>::FIELDS;
    assert!(fields.iter().map(|field| field.category.unwrap()).eq(Category::ALL));
    assert!(fields.iter().all(|field| field.field == field.category.unwrap().name()));
    assert!(Source::ALL.iter().all(|source| fields.iter().any(|field| field.sources.contains(source))));
    assert_eq!(fields.last().map(|field| field.inputs), Some(["contacts.contacts", "consent.records"].as_slice()));
    assert!(RecordRole::ALL.iter().all(|role| fields.iter().any(|field| field.roles.contains(role))));
}

#[test]
fn what_the_derive_asks_is_what_the_policy_says() {
    assert!(check::retention("traffic"));
    for name in ["", "traffi", "traffix", "xraffic"] {
        assert!(!check::retention(name), "{name}");
    }
    assert!(check::source(Category::Imported, Source::Client));
    assert!(!check::source(Category::Imported, Source::Usage));
    assert!(!check::source(Category::Traffic, Source::Direct));
    assert!(check::role(Category::Imported, RecordRole::Processor));
    assert!(!check::role(Category::Imported, RecordRole::Controller));
    assert!(!check::role(Category::Traffic, RecordRole::Processor));
}
