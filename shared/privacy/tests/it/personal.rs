//! Values that need a decision, and what does not compile.

use privacy::{
    AccessLimit, Category, CategorySet, Decision, PersonFacts, Personal, Purpose, Question, RecordRole, Stance, Verb, category, decide,
};

fn decision(asked: &[Category]) -> Decision {
    let person = PersonFacts {
        role: RecordRole::Processor,
        stance: Stance::None,
        restricted: false,
        suppressed: false,
        quarantined: false,
        service_chosen: true,
    };
    let limit = AccessLimit::everything();
    let purpose = Purpose::CLIENT_SERVICE_SUPPORT;
    decide(&Question { limit: &limit, verb: Verb::Read, purpose, asked: CategorySet::of(asked), person })
}

#[test]
fn a_value_opens_with_a_decision_for_its_category() {
    let opened = decision(&[Category::Personal]).opened().unwrap();
    let name: Personal<category::Personal, _> = Personal::new("Ada".to_owned());
    assert_eq!(name.open(&opened), "Ada");
    assert_eq!(name.clone().into_inner(&opened), "Ada");
    assert!(decision(&[Category::Business]).opened::<category::Personal>().is_none());
}

#[test]
fn debug_says_the_category_and_nothing_else() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "it is only printed")]
    struct Row {
        name: Personal<category::Personal, &'static str>,
        size: Option<Personal<category::Business, u32>>,
    }
    let row = Row { name: Personal::new("cnry-name"), size: Some(Personal::new(4711)) };
    assert_eq!(format!("{row:?}"), "Row { name: Personal<personal>(…), size: Some(Personal<business>(…)) }");
    let opened = decision(&[Category::Personal]).opened::<category::Personal>();
    assert_eq!(format!("{opened:?}"), "Some(Opened<personal>)");
}

#[test]
fn what_must_not_compile_does_not() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass_*.rs");
    cases.compile_fail("tests/ui/fail_*.rs");
}
