//! Payment card numbers. All are the networks' published test numbers or made up here.

use kernel::holds_card_number;
use proptest::prelude::*;

/// The payment networks' own test numbers.
const CARDS: &[(&str, &str)] = &[
    ("Visa", "4111111111111111"),
    ("Visa, 13 digits", "4222222222222"),
    ("Visa", "4242424242424242"),
    ("Mastercard", "5555555555554444"),
    ("Mastercard", "5105105105105100"),
    ("Mastercard, new range", "2223003122003222"),
    ("American Express", "378282246310005"),
    ("American Express", "341111111111111"),
    ("Discover", "6011111111111117"),
    ("Discover 65", "6500000000000002"),
    ("Diners Club 30", "30569309025904"),
    ("Diners Club 38", "38520000023237"),
    ("Diners Club 36", "36227206271667"),
    ("JCB", "3530111333300000"),
    ("UnionPay", "6200000000000005"),
    ("UnionPay, 19 digits", "6205500000000000004"),
    ("Maestro 67", "6759649826438453"),
    ("Maestro 50", "5018000000000009"),
];

fn luhn_digit(payload: &[u8]) -> u8 {
    let doubled = |digit: u8| [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][usize::from(digit)];
    let sum: u8 = payload.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { doubled(*d) } else { *d }).sum();
    (10 - sum % 10) % 10
}

/// A number that begins with `prefix`, has `length` digits and passes Luhn's check.
fn made(prefix: &str, length: usize) -> String {
    let mut digits: Vec<u8> = prefix.bytes().map(|byte| byte - b'0').collect();
    digits.resize(length - 1, 7);
    digits.push(luhn_digit(&digits));
    digits.iter().map(ToString::to_string).collect()
}

#[test]
fn the_networks_test_numbers_are_found() {
    for (issuer, number) in CARDS {
        assert!(holds_card_number(number), "{issuer}");
    }
}

#[test]
fn each_issuers_range_is_found_from_its_first_to_its_last_prefix() {
    for prefix in [
        "400000", "499999", "510000", "559999", "222100", "272099", "340000", "349999", "370000", "379999", "601100", "601199", "644000",
        "649999", "650000", "659999", "300000", "305999", "360000", "369999", "380000", "389999", "352800", "358999", "620000", "629999",
        "500000", "509999", "560000", "699999",
    ] {
        for length in 13..=19 {
            assert!(holds_card_number(&made(prefix, length)), "{prefix} with {length} digits");
        }
        for length in [12, 20, 24] {
            assert!(!holds_card_number(&made(prefix, length)), "{prefix} with {length} digits");
        }
    }
}

#[test]
fn numbers_outside_every_issuers_range_are_no_cards() {
    for prefix in
        ["000000", "199999", "222099", "272100", "299999", "306000", "335999", "350000", "352799", "359000", "390000", "700000", "999999"]
    {
        assert!(!holds_card_number(&made(prefix, 16)), "{prefix}");
    }
}

#[test]
fn a_number_that_fails_luhns_check_is_no_card() {
    for wrong in ["4111111111111112", "4242424242424241", "5555555555554445", "378282246310006"] {
        assert!(!holds_card_number(wrong), "{wrong}");
    }
}

#[test]
fn a_card_is_found_inside_a_text_with_single_spaces_or_hyphens() {
    for text in [
        "paid with 4242 4242 4242 4242 last week",
        "4242-4242-4242-4242",
        "3782 822463 10005",
        "card:4111111111111111,",
        "x4111111111111111y",
        "2026 4111 1111 1111 1111 12/27 123",
        "call 555 0100 or 4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
        "(5555 5555 5555 4444)",
        "first line\n4111 1111 1111 1111\nlast line",
        "4111\u{a0}1111\u{a0}1111\u{a0}1111",
        "4111–1111–1111–1111",
        "４１１１ １１１１ １１１１ １１１１",
        "日本4111 1111 1111 1111",
    ] {
        assert!(holds_card_number(text), "{text:?}");
    }
}

#[test]
fn what_only_looks_like_a_card_is_let_through() {
    for text in [
        "",
        " ",
        "-",
        "4111",
        "4111  1111  1111  1111", // two spaces
        "4111 - 1111 - 1111 - 1111",
        "4111.1111.1111.1111",
        "4111/1111/1111/1111",
        "4111\n1111\n1111\n1111",
        "94111111111111111118888", // inside a longer row of digits
        "1234 5678 9012 3456",
        "2026-11-24 04:00:00",
        "+49 30 901820",
        "00000000-0000-7000-8000-000000000001",
    ] {
        assert!(!holds_card_number(text), "{text:?}");
    }
}

#[test]
fn a_huge_cell_takes_no_more_than_a_walk_through_it() {
    let cell = "9 ".repeat(500_000);
    assert!(!holds_card_number(&cell));
    assert!(holds_card_number(&format!("{cell}, 4111 1111 1111 1111")));
}

proptest! {
    #[test]
    fn where_the_separators_stand_does_not_matter(
        card in 0..CARDS.len(), gaps in proptest::collection::vec(0..3_usize, 20), before in "[a-z ]{0,8}[a-z]", after in "[a-z][a-z ]{0,8}",
    ) {
        let (issuer, number) = CARDS[card];
        let spread: Vec<String> = number.chars().zip(&gaps).map(|(c, gap)| format!("{}{c}", ["", " ", "-"][*gap])).collect();
        let spread = spread.concat();
        let found = holds_card_number(&format!("{before}{spread}{after}"));
        prop_assert!(found, "{}: {}", issuer, spread);
    }

    #[test]
    fn one_wrong_digit_is_always_noticed(card in 0..CARDS.len(), place in 0..13_usize, other in 1..10_u8) {
        let (_, number) = CARDS[card];
        let mut digits: Vec<u8> = number.bytes().collect();
        digits[place] = b'0' + (digits[place] - b'0' + other) % 10;
        prop_assert!(!holds_card_number(std::str::from_utf8(&digits).unwrap()));
    }
}
