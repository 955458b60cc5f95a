//! Limits, which narrow and never widen, and the roles.

use privacy::{AccessLimit, Category, CategorySet, Purpose, PurposeSet, Role, Verb, VerbSet};
use proptest::prelude::*;
use serde_json::json;

fn any_limit() -> impl Strategy<Value = AccessLimit> {
    (0..=VerbSet::ALL.bits(), 0..=CategorySet::ALL.bits(), 0..=PurposeSet::ALL.bits()).prop_map(|(verbs, categories, purposes)| {
        AccessLimit {
            verbs: VerbSet::from_bits(verbs).unwrap(),
            categories: CategorySet::from_bits(categories).unwrap(),
            purposes: PurposeSet::from_bits(purposes).unwrap(),
        }
    })
}

proptest! {
    #[test]
    fn narrowing_never_widens(one in any_limit(), other in any_limit()) {
        let both = one.narrow(&other);
        prop_assert!(one.covers(&both) && other.covers(&both));
        for verb in Verb::ALL {
            prop_assert_eq!(both.allows(verb), one.allows(verb) && other.allows(verb));
        }
        for category in Category::ALL {
            prop_assert_eq!(both.categories.contains(category), one.categories.contains(category) && other.categories.contains(category));
        }
        for purpose in Purpose::ALL {
            prop_assert_eq!(both.purposes.contains(purpose), one.purposes.contains(purpose) && other.purposes.contains(purpose));
        }
    }

    #[test]
    fn narrowing_does_not_care_for_order_or_repetition(a in any_limit(), b in any_limit(), c in any_limit()) {
        prop_assert_eq!(a.narrow(&b), b.narrow(&a));
        prop_assert_eq!(a.narrow(&b).narrow(&c), a.narrow(&b.narrow(&c)));
        prop_assert_eq!(a.narrow(&a), a.clone());
        prop_assert_eq!(a.narrow(&AccessLimit::everything()), a.clone());
        prop_assert_eq!(a.narrow(&AccessLimit::nothing()), AccessLimit::nothing());
    }

    #[test]
    fn what_is_covered_is_left_as_it_is_by_narrowing(one in any_limit(), other in any_limit()) {
        prop_assert_eq!(one.covers(&other), one.narrow(&other) == other);
    }

    #[test]
    fn a_limit_survives_json(limit in any_limit()) {
        let json = serde_json::to_value(&limit).unwrap();
        prop_assert_eq!(serde_json::from_value::<AccessLimit>(json).unwrap(), limit);
    }
}

#[test]
fn a_limit_in_json_is_three_lists_of_names() {
    let limit = AccessLimit {
        verbs: VerbSet::of(&[Verb::Write, Verb::Read]),
        categories: CategorySet::of(&[Category::Personal]),
        purposes: PurposeSet::of(&[Purpose::CLIENT_SERVICE_SMS, Purpose::OPERATE]),
    };
    let json = json!({"verbs": ["read", "write"], "categories": ["personal"], "purposes": ["operate", "client_service:sms"]});
    assert_eq!(serde_json::to_value(&limit).unwrap(), json);
}

#[test]
fn a_limit_with_anything_unknown_is_refused_and_not_repeated() {
    for json in [
        json!({"verbs": [], "categories": [], "purposes": [], "networks": []}),
        json!({"verbs": ["fly-cnry"], "categories": [], "purposes": []}),
        json!({"verbs": [], "categories": ["cnry"], "purposes": []}),
        json!({"verbs": [], "categories": [], "purposes": ["business_interest_cnry"]}),
        json!({"verbs": [], "categories": []}),
    ] {
        let fault = serde_json::from_value::<AccessLimit>(json.clone()).unwrap_err().to_string();
        assert!(!fault.contains("cnry"), "{json}: {fault}");
    }
}

#[test]
fn a_set_knows_its_bits_and_refuses_others() {
    for (place, category) in Category::ALL.into_iter().enumerate() {
        assert_eq!(category.bit(), 1 << place);
        assert_eq!(CategorySet::from_bits(category.bit()), Some(CategorySet::of(&[category])));
    }
    assert_eq!(CategorySet::from_bits(1 << Category::ALL.len()), None);
    assert_eq!(VerbSet::from_bits(1 << Verb::ALL.len()), None);
    assert_eq!(PurposeSet::from_bits(u64::MAX), None);
    assert_eq!(CategorySet::from_bits(0), Some(CategorySet::EMPTY));
}

#[test]
fn the_roles_are_what_the_design_says() {
    let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
    assert_eq!(names, ["owner", "admin", "marketer", "support", "auditor", "developer", "house_admin"]);
    assert_eq!(Role::OWNER.limit(), AccessLimit::everything());
    assert!(Role::ALL.into_iter().all(|role| Role::OWNER.limit().covers(&role.limit())));
}

#[test]
fn an_auditor_changes_nothing() {
    assert_eq!(Role::AUDITOR.limit().verbs, VerbSet::of(&[Verb::Read]));
}

#[test]
fn who_runs_keys_or_the_platform_reads_no_clients_contacts() {
    for role in [Role::ADMIN, Role::DEVELOPER, Role::HOUSE_ADMIN] {
        assert!(!role.limit().categories.contains(Category::Imported), "{role}");
    }
    for role in [Role::ADMIN, Role::DEVELOPER] {
        assert!(!role.limit().categories.contains(Category::Personal), "{role}");
    }
}

#[test]
fn only_who_answers_for_an_account_erases_or_runs_it() {
    let who = |verb| Role::ALL.into_iter().filter(|role| role.limit().allows(verb)).map(Role::name).collect::<Vec<_>>();
    assert_eq!(who(Verb::Erase), ["owner", "house_admin"]);
    assert_eq!(who(Verb::Admin), ["owner", "admin", "house_admin"]);
}
