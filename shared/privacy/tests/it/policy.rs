//! The policy that was compiled in.

use privacy::{Basis, Category, Hold, Purpose, Source, bundle};

/// id, basis, whether an objection stops it, whether it reaches clients' records: the design's table, written out.
const PURPOSES: &[(&str, Basis, bool, bool)] = &[
    ("operate", Basis::Contract, false, true),
    ("enhance", Basis::LegitimateInterest, true, false),
    ("improve", Basis::LegitimateInterest, true, false),
    ("personalize", Basis::Consent, false, false),
    ("research", Basis::LegitimateInterest, true, false),
    ("direct_marketing", Basis::Consent, true, false),
    ("audit", Basis::LegalObligation, false, true),
    ("legal_obligation", Basis::LegalObligation, false, true),
    ("client_comms", Basis::Contract, false, false),
    ("admin", Basis::Contract, false, false),
    ("customer_service", Basis::Contract, false, false),
    ("notices", Basis::Contract, false, false),
    ("purchase_fulfilment", Basis::Contract, false, false),
    ("billing", Basis::Contract, false, false),
    ("security", Basis::LegitimateInterest, true, true),
    ("client_service:newsletter", Basis::Consent, true, true),
    ("client_service:support", Basis::Contract, false, true),
    ("client_service:sms", Basis::Consent, true, true),
    ("client_service:events", Basis::Contract, false, true),
    ("client_service:surveys", Basis::Consent, true, true),
];

#[test]
fn the_register_is_the_designs_table() {
    let register: Vec<_> = Purpose::ALL
        .into_iter()
        .map(|purpose| (purpose.name(), purpose.basis(), purpose.objectable(), purpose.reaches_processor_records()))
        .collect();
    assert_eq!(register, PURPOSES);
    for purpose in Purpose::ALL {
        assert_eq!(purpose.client_service(), purpose.name().strip_prefix("client_service:"));
    }
}

#[test]
fn constants_name_their_own_entry() {
    assert_eq!(Purpose::DIRECT_MARKETING.name(), "direct_marketing");
    assert_eq!(Purpose::CLIENT_SERVICE_SURVEYS.name(), "client_service:surveys");
    assert_eq!(Hold::OPEN_TRANSACTION.name(), "open_transaction");
}

#[test]
fn every_legitimate_interest_is_weighed_and_every_duty_cites_its_law() {
    for purpose in bundle().purposes {
        assert_eq!(purpose.assessment.is_some(), purpose.basis == Basis::LegitimateInterest, "{}", purpose.id);
        assert_eq!(purpose.citation.is_some(), purpose.basis == Basis::LegalObligation, "{}", purpose.id);
    }
    assert!(bundle().holds.iter().all(|hold| !hold.citation.is_empty()));
}

#[test]
fn rows_stand_in_the_order_of_the_types() {
    assert!(bundle().categories.iter().map(|row| row.category).eq(Category::ALL));
    assert!(bundle().sources.iter().map(|row| row.source).eq(Source::ALL));
}

#[test]
fn retention_and_services_are_found_by_name() {
    assert_eq!(bundle().retention("import_file").unwrap().days, Some(7));
    assert_eq!(bundle().retention("relationship").unwrap().days, None);
    assert!(bundle().retention("forever").is_none());
    assert_eq!((bundle().days("import_file"), bundle().days("relationship")), (7, 65_535), "without a number of days, practically never");
    assert_eq!(bundle().service("sms").unwrap().channel, "sms");
    assert!(bundle().service("billing").is_none());
}

#[test]
fn the_bundle_in_json_holds_every_table_and_not_the_text() {
    let json = serde_json::to_value(bundle()).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    for table in ["sections", "sources", "categories", "services", "purposes", "retention", "holds", "roles"] {
        assert!(keys.contains(&table) && !json[table].as_array().unwrap().is_empty(), "{table}");
    }
    assert_eq!(json["version"], "2026-01");
    assert!(!keys.contains(&"text"));
    assert!(bundle().text.starts_with("# Privacy policy"));
}
