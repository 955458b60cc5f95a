//! Telephone numbers.

use kernel::{NoDigits, Phone};

fn e164(raw: &str, country: Option<&str>) -> Option<String> {
    let phone = Phone::parse(raw, country).unwrap();
    assert_eq!(phone.as_given(), raw.trim());
    phone.e164().map(ToOwned::to_owned)
}

#[test]
fn numbers_that_parse_have_their_e164_beside_what_was_given() {
    for (raw, country, expected) in [
        ("+44 20 7946 0018", None, "+442079460018"),
        ("+44 (0)131 496 0153", None, "+441314960153"),
        ("+46 (0)8 665 122 55", None, "+46866512255"),
        ("(0191) 496 0344", Some("GB"), "+441914960344"),
        ("501 484 442", Some("PL"), "+48501484442"),
        ("090-9276-7247", Some("jp"), "+819092767247"),
        ("0533429251", Some("FR"), "+33533429251"),
        ("02 1234 5678", Some("IT"), "+390212345678"),      // Italy keeps its leading zero
        ("  +1 650-253-0000 ", Some("DE"), "+16502530000"), // a plus says more than the country
        ("+1 650 253 0000 ext. 123", None, "+16502530000"),
        ("+1-650-253-0000x123", None, "+16502530000"),
    ] {
        assert_eq!(e164(raw, country).as_deref(), Some(expected), "{raw}");
    }
}

#[test]
fn an_extension_is_kept_as_given() {
    let phone = Phone::parse("650.253.0000x123", Some("US")).unwrap();
    assert_eq!(phone.as_given(), "650.253.0000x123");
    assert_eq!(phone.e164(), Some("+16502530000"));
}

#[test]
fn what_is_no_valid_number_is_kept_as_given_only() {
    for (raw, country) in [
        ("0533429251", None), // nobody says where
        ("0533429251", Some("no country")),
        ("12", Some("DE")),
        ("call 5", Some("DE")),
        ("+999 123 456 789", None),
        ("+0", None),
        ("+1 000 000 0000", None),
        ("123456789012345678901234567890", Some("US")),
        ("extension 7 of Ada", Some("US")),
        ("+", Some("US")),
        ("0", Some("US")),
    ] {
        match Phone::parse(raw, country) {
            Ok(phone) => assert_eq!((phone.as_given(), phone.e164()), (raw, None)),
            Err(NoDigits) => assert_eq!(raw, "+"),
        }
    }
    assert_eq!(e164(&"1".repeat(100_000), Some("US")), None);
}

#[test]
fn a_number_needs_a_digit() {
    for raw in ["ask Bob", "", "   ", "+", "x", "n/a", "(none)"] {
        assert_eq!(Phone::parse(raw, Some("US")).err(), Some(NoDigits), "{raw:?}");
    }
}

#[test]
fn debug_does_not_say_the_number() {
    assert_eq!(format!("{:?}", Phone::parse("+16502530000", None)), "Ok(Phone(…))");
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken_or_refused_and_e164_has_its_shape(raw in "\\PC{0,40}|[-+0-9 ()x.]{0,24}", country in "[A-Za-z]{2}") {
        if let Ok(phone) = Phone::parse(&raw, Some(&country)) {
            proptest::prop_assert_eq!(phone.as_given(), raw.trim());
            if let Some(number) = phone.e164() {
                proptest::prop_assert!(number.starts_with('+') && (3..=16).contains(&number.len()));
                proptest::prop_assert!(number[1..].bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
