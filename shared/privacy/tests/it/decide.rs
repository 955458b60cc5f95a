//! Decisions, over the whole product of their inputs.

use privacy::{
    AccessLimit, Category, CategorySet, Decision, PersonFacts, Purpose, PurposeSet, Question, RecordRole, Role, Stance, Verb, VerbSet,
    Withheld, category, decide,
};
use proptest::prelude::*;

use crate::decide_model;

/// Pairs of (asked, granted) in which every category is met asked and not asked, granted and not granted, with and without `imported`.
fn category_sets() -> Vec<(CategorySet, CategorySet)> {
    let one = CategorySet::of(&[Category::Personal]);
    let half = CategorySet::from_bits(0b101_0101_0101).unwrap();
    let other = CategorySet::from_bits(0b011_0011_0011).unwrap();
    let imported = CategorySet::of(&[Category::Imported]);
    vec![
        (CategorySet::ALL, CategorySet::ALL),
        (CategorySet::ALL, CategorySet::ALL.minus(imported)),
        (half, other.union(imported)),
        (other, CategorySet::ALL.minus(half).minus(imported)),
        (one, one),
        (one, one.union(imported)),
        (imported, imported),
        (CategorySet::EMPTY, CategorySet::ALL),
    ]
}

/// Every person: both roles of a record, every stance, every flag.
fn people() -> Vec<PersonFacts> {
    let mut people = Vec::new();
    for role in RecordRole::ALL {
        for stance in Stance::ALL {
            for flags in 0..16_u8 {
                let flag = |bit: u8| flags & (1 << bit) != 0;
                people.push(PersonFacts {
                    role,
                    stance,
                    restricted: flag(0),
                    suppressed: flag(1),
                    quarantined: flag(2),
                    service_chosen: flag(3),
                });
            }
        }
    }
    people
}

/// The decision says of each category asked for exactly what the second model says.
fn assert_same(q: &Question<'_>, decision: &Decision) {
    for (category, reason) in decide_model::verdicts(q) {
        let said = decision.withheld().iter().find(|(categories, _)| categories.contains(category)).map(|(_, reason)| *reason);
        assert_eq!(said, reason, "{category} in {q:?}");
        assert_eq!(decision.allowed().contains(category), reason.is_none(), "{category} in {q:?}");
    }
    let withheld = decision.withheld().iter().map(|(categories, _)| *categories);
    let parts: Vec<_> = withheld.chain([decision.allowed()]).collect();
    assert_eq!(parts.iter().fold(CategorySet::EMPTY, |all, part| all.union(*part)), q.asked, "{q:?}");
    assert_eq!(parts.iter().map(|part| part.len()).sum::<u32>(), q.asked.len(), "a category stands twice: {q:?}");
    assert!(decision.withheld().iter().all(|(categories, _)| !categories.is_empty()), "{q:?}");
}

/// All purposes × verbs × people × granted or not × sets of categories.
#[test]
fn the_whole_product_of_inputs_agrees_with_the_second_model() {
    let (people, sets) = (people(), category_sets());
    let mut questions = 0_u64;
    for purpose in Purpose::ALL {
        for verb in Verb::ALL {
            for (verbs, purposes) in [
                (VerbSet::of(&[verb]), PurposeSet::of(&[purpose])),
                (VerbSet::of(&[verb]), PurposeSet::ALL.minus(PurposeSet::of(&[purpose]))),
                (VerbSet::ALL.minus(VerbSet::of(&[verb])), PurposeSet::ALL),
            ] {
                for (asked, categories) in &sets {
                    let limit = AccessLimit { verbs, categories: *categories, purposes };
                    for person in &people {
                        let q = Question { limit: &limit, verb, purpose, asked: *asked, person: *person };
                        assert_same(&q, &decide(&q));
                        questions += 1;
                    }
                }
            }
        }
    }
    let expected = Purpose::ALL.len() * Verb::ALL.len() * 3 * sets.len() * people.len();
    assert_eq!(questions, u64::try_from(expected).unwrap());
}

/// Every set that can be asked for, under every role of the matrix.
#[test]
fn every_set_of_categories_under_every_role_agrees_with_the_second_model() {
    let calm = PersonFacts {
        role: RecordRole::Processor,
        stance: Stance::Given,
        restricted: false,
        suppressed: false,
        quarantined: false,
        service_chosen: true,
    };
    for role in Role::ALL {
        let limit = role.limit();
        for purpose in limit.purposes.iter() {
            for verb in limit.verbs.iter() {
                for bits in 0..=CategorySet::ALL.bits() {
                    let asked = CategorySet::from_bits(bits).unwrap();
                    let q = Question { limit: &limit, verb, purpose, asked, person: calm };
                    assert_eq!(decide(&q).allowed(), decide_model::allowed(&q), "{q:?}");
                }
            }
        }
    }
}

fn imported_person() -> PersonFacts {
    PersonFacts {
        role: RecordRole::Processor,
        stance: Stance::None,
        restricted: false,
        suppressed: false,
        quarantined: false,
        service_chosen: true,
    }
}

/// Reads `personal` and `business` as an owner.
fn read(purpose: Purpose, person: PersonFacts) -> Decision {
    let limit = AccessLimit::everything();
    let asked = CategorySet::of(&[Category::Personal, Category::Business]);
    decide(&Question { limit: &limit, verb: Verb::Read, purpose, asked, person })
}

fn only_reason(decision: &Decision) -> Withheld {
    assert!(decision.allowed().is_empty());
    assert_eq!(decision.withheld().len(), 1);
    decision.withheld()[0].1
}

#[test]
fn the_platforms_own_purposes_never_reach_imported_people() {
    for purpose in Purpose::ALL.into_iter().filter(|purpose| !purpose.reaches_processor_records()) {
        for stance in Stance::ALL {
            let decision = read(purpose, PersonFacts { stance, ..imported_person() });
            assert_eq!(only_reason(&decision), Withheld::ProcessorRecord, "{purpose}");
        }
    }
}

#[test]
fn a_newsletter_needs_consent_and_support_does_not() {
    assert_eq!(only_reason(&read(Purpose::CLIENT_SERVICE_NEWSLETTER, imported_person())), Withheld::NoConsent);
    assert!(read(Purpose::CLIENT_SERVICE_SUPPORT, imported_person()).withheld().is_empty());
    let given = PersonFacts { stance: Stance::Given, ..imported_person() };
    assert!(read(Purpose::CLIENT_SERVICE_NEWSLETTER, given).withheld().is_empty());
    let withdrawn = PersonFacts { stance: Stance::Withdrawn, ..imported_person() };
    assert_eq!(only_reason(&read(Purpose::CLIENT_SERVICE_NEWSLETTER, withdrawn)), Withheld::ConsentWithdrawn);
    let objected = PersonFacts { stance: Stance::Objected, ..imported_person() };
    assert_eq!(only_reason(&read(Purpose::CLIENT_SERVICE_NEWSLETTER, objected)), Withheld::Objected);
    let off = PersonFacts { service_chosen: false, ..given };
    assert_eq!(only_reason(&read(Purpose::CLIENT_SERVICE_NEWSLETTER, off)), Withheld::ServiceNotChosen);
}

#[test]
fn the_right_to_open_is_given_for_allowed_categories_alone() {
    let limit = Role::SUPPORT.limit();
    let asked = CategorySet::of(&[Category::Personal, Category::Business]);
    let purpose = Purpose::CLIENT_SERVICE_SUPPORT;
    let decision = decide(&Question { limit: &limit, verb: Verb::Read, purpose, asked, person: imported_person() });
    assert!(decision.opened::<category::Personal>().is_some());
    assert!(decision.opened::<category::Business>().is_none(), "the role lacks it");
    assert!(decision.opened::<category::Preferences>().is_none(), "nobody asked for it");
    assert_eq!(decision.withheld(), [(CategorySet::of(&[Category::Business]), Withheld::CategoryNotGranted)]);
}

fn set<S>(all: u64, make: impl Fn(u64) -> S) -> impl Strategy<Value = S>
where
    S: std::fmt::Debug,
{
    (0..=all).prop_map(make)
}

fn any_limit() -> impl Strategy<Value = AccessLimit> {
    let verbs = (0..=VerbSet::ALL.bits()).prop_map(|bits| VerbSet::from_bits(bits).unwrap());
    let categories = (0..=CategorySet::ALL.bits()).prop_map(|bits| CategorySet::from_bits(bits).unwrap());
    let purposes = set(PurposeSet::ALL.bits(), |bits| PurposeSet::from_bits(bits).unwrap());
    (verbs, categories, purposes).prop_map(|(verbs, categories, purposes)| AccessLimit { verbs, categories, purposes })
}

proptest! {
    #[test]
    fn a_narrower_limit_never_shows_more(
        limit in any_limit(), other in any_limit(), verb in 0..Verb::ALL.len(), purpose in 0..Purpose::ALL.len(), person in 0..160_usize,
        asked in 0..=CategorySet::ALL.bits(),
    ) {
        let narrow = limit.narrow(&other);
        let (verb, purpose, person) = (Verb::ALL[verb], Purpose::ALL[purpose], people()[person]);
        let asked = CategorySet::from_bits(asked).unwrap();
        let wide = decide(&Question { limit: &limit, verb, purpose, asked, person });
        let less = decide(&Question { limit: &narrow, verb, purpose, asked, person });
        prop_assert!(wide.allowed().covers(less.allowed()));
    }

    #[test]
    fn asking_for_more_never_changes_the_answer_for_the_rest(
        limit in any_limit(), verb in 0..Verb::ALL.len(), purpose in 0..Purpose::ALL.len(), person in 0..160_usize,
        asked in 0..=CategorySet::ALL.bits(), more in 0..=CategorySet::ALL.bits(),
    ) {
        let (verb, purpose, person) = (Verb::ALL[verb], Purpose::ALL[purpose], people()[person]);
        let asked = CategorySet::from_bits(asked).unwrap();
        let more = asked.union(CategorySet::from_bits(more).unwrap());
        let small = decide(&Question { limit: &limit, verb, purpose, asked, person });
        let large = decide(&Question { limit: &limit, verb, purpose, asked: more, person });
        prop_assert_eq!(large.allowed().intersection(asked), small.allowed());
    }
}
