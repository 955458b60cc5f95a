//! The document that is signed when an erasure is done.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::platform::{Hold, RightsOutcome, RightsPhase, RightsResult, StoreCount};
use kernel::micros;
use rights::domain::certificate::{Facts, document};
use serde_json::{Value, json};
use uuid::Uuid;

fn outcome(service: &str, phase: RightsPhase, said: &Value) -> RightsOutcome {
    RightsOutcome {
        service: service.to_owned(),
        phase: phase.into(),
        result: RightsResult::Done.into(),
        receipt_jws: format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(said.to_string())),
        answered_at_us: micros(testkit::clock().now()),
        ..RightsOutcome::default()
    }
}

fn certificate(outcomes: &[RightsOutcome]) -> Value {
    let now = testkit::clock().now();
    document(&Facts {
        tenant: Uuid::nil(),
        case: Uuid::max(),
        received_at: now,
        completed_at: now,
        commitment: Some(&[0xab, 0xcd]),
        outcomes,
    })
}

#[test]
fn a_certificate_says_who_answered_what_is_held_and_when_no_copy_opens_any_more() {
    let now = testkit::clock().now();
    let until = "2026-03-02T00:00:00Z";
    let mut erased = outcome("contacts", RightsPhase::Erase, &json!({"unrecoverable_by": "not keyring's word"}));
    erased.counts = vec![StoreCount { store: "contacts.contacts".to_owned(), what: "erased".to_owned(), rows: 1 }];
    erased.methods = vec!["delete".to_owned()];
    erased.holds = vec![Hold {
        store: "contacts.contacts".to_owned(),
        categories: privacy::Category::Billing.bit(),
        ground: "tax".to_owned(),
        until_us: micros(now),
    }];
    let outcomes = [
        outcome("contacts", RightsPhase::Find, &json!({})),
        outcome("keyring", RightsPhase::Shred, &json!({"unrecoverable_by": until})),
        erased,
    ];
    let document = certificate(&outcomes);
    assert_eq!(document["unrecoverable_by"], until, "in keyring's word");
    assert_eq!((&document["tenant_id"], &document["case_id"]), (&json!(Uuid::nil()), &json!(Uuid::max())));
    assert_eq!((&document["subject_commitment"], &document["type"]), (&json!("abcd"), &json!("mxtr.erasure/1")));
    let answers: Vec<_> = document["answers"].as_array().unwrap().iter().map(|answer| (&answer["service"], &answer["phase"])).collect();
    let (shred, erase) = (json!("RIGHTS_PHASE_SHRED"), json!("RIGHTS_PHASE_ERASE"));
    assert_eq!(answers, [(&json!("keyring"), &shred), (&json!("contacts"), &erase)], "looking somebody up is no part of an erasure");
    let answer = &document["answers"][1];
    assert_eq!((&answer["result"], &answer["methods"]), (&json!("RIGHTS_RESULT_DONE"), &json!(["delete"])));
    assert_eq!(answer["counts"], json!([{"store": "contacts.contacts", "what": "erased", "rows": 1}]));
    assert_eq!((&answer["answered_at"], &answer["receipt"]), (&json!(now), &json!(outcomes[2].receipt_jws)));
    let held = json!([{"service": "contacts", "store": "contacts.contacts", "categories": ["billing"], "ground": "tax", "until": now}]);
    assert_eq!(document["holds"], held);
}

#[test]
fn a_certificate_says_what_stays_and_until_when() {
    let document = certificate(&[]);
    assert_eq!((&document["unrecoverable_by"], &document["answers"], &document["holds"]), (&Value::Null, &json!([]), &json!([])));
    let residue = document["residue"].as_array().unwrap();
    assert_eq!(residue.len(), 5);
    for line in residue {
        assert!(["what", "why", "until"].iter().all(|part| line[part].as_str().is_some_and(|text| !text.is_empty())), "{line}");
    }
}
