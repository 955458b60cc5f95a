//! Closed vocabularies: one form in text, JSON and schemas.

use std::{fmt::Debug, str::FromStr};

use privacy::{Basis, Category, CategorySet, Hold, Purpose, RecordRole, Role, Source, Stance, Verb, Withheld};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::PartialSchema;

/// Each item has one name in text and JSON, another for every item, and what is no name is refused.
fn assert_closed<T>(items: impl IntoIterator<Item = T>) -> Vec<String>
where
    T: Copy + Debug + PartialEq + ToString + FromStr<Err: Debug> + Serialize + DeserializeOwned,
{
    let mut names = Vec::new();
    for item in items {
        let name = item.to_string();
        assert_eq!(name.parse::<T>().unwrap(), item);
        assert_eq!(serde_json::to_value(item).unwrap(), serde_json::json!(name));
        assert_eq!(serde_json::from_value::<T>(serde_json::json!(name)).unwrap(), item);
        assert!(!names.contains(&name), "{name} stands twice");
        names.push(name);
    }
    for wrong in ["", "other", "scraped", "Personal", "personal ", "held-for:", "held-for:other", "client_service:", "business_interest"] {
        assert!(wrong.parse::<T>().is_err() && serde_json::from_value::<T>(serde_json::json!(wrong)).is_err(), "{wrong}");
    }
    names
}

#[test]
fn each_vocabulary_is_closed() {
    assert_eq!(
        assert_closed(Category::ALL).join(" "),
        "preferences identifiers technical geographics traffic personal business billing public imported derived"
    );
    assert_eq!(assert_closed(Source::ALL).join(" "), "device usage direct provider public client derived");
    assert_eq!(assert_closed(Basis::ALL).join(" "), "consent contract legal_obligation vital_interests public_task legitimate_interest");
    assert_eq!(assert_closed(Verb::ALL).join(" "), "read write import export share erase admin");
    assert_eq!(assert_closed(RecordRole::ALL).join(" "), "controller processor");
    assert_eq!(assert_closed(Stance::ALL).join(" "), "none given refused withdrawn objected");
    assert_closed(Purpose::ALL);
    assert_closed(Role::ALL);
    assert_closed(Hold::ALL);
}

#[test]
fn the_reasons_are_the_published_list() {
    let names = assert_closed(Withheld::all()).join(" ");
    let plain = "category-not-granted purpose-not-granted purpose-not-registered no-consent consent-withdrawn objected restricted suppressed \
                 quarantined service-not-chosen processor-record ";
    assert!(names.starts_with(plain), "{names}");
    assert!(names[plain.len()..].split(' ').all(|name| name.starts_with("held-for:")), "{names}");
    assert_eq!(Withheld::HeldFor(Hold::TAX_RECORD).to_string(), "held-for:tax_record");
}

#[test]
fn schemas_list_the_names() {
    let schema = serde_json::to_value(Verb::schema()).unwrap();
    assert_eq!(schema, serde_json::json!({"type": "string", "enum": ["read", "write", "import", "export", "share", "erase", "admin"]}));
    let set = serde_json::to_value(CategorySet::schema()).unwrap();
    assert_eq!((&set["type"], &set["uniqueItems"]), (&serde_json::json!("array"), &serde_json::json!(true)));
    assert_eq!(set["items"]["enum"].as_array().unwrap().len(), Category::ALL.len());
}
