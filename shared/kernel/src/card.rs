//! Payment card numbers, which must not come in.

/// Card numbers have 13 to 19 digits (ISO/IEC 7812-1, as issuers use it).
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// Whether a text holds a payment card's number: 13 to 19 digits that pass Luhn's check and begin like an issuer's,
/// with at most one space or hyphen between two of them, anywhere in the text.
///
/// A number begins and ends where a group of digits does: `2026 4111 1111 1111 1111 12` holds one, a longer unbroken row of
/// digits that happens to contain one does not.
///
/// ```
/// assert!(kernel::holds_card_number("paid with 4242 4242-42424242 on Monday"));
/// assert!(!kernel::holds_card_number("order 4242424242424243"));
/// ```
pub fn holds_card_number(cell: &str) -> bool {
    rows(cell).iter().any(|groups| {
        (0..groups.len()).any(|first| {
            let mut number = Vec::with_capacity(*LENGTHS.end());
            for group in &groups[first..] {
                number.extend_from_slice(group);
                if number.len() > *LENGTHS.end() {
                    break;
                }
                if LENGTHS.contains(&number.len()) && issued(&number) && passes_luhn(&number) {
                    return true;
                }
            }
            false
        })
    })
}

/// A row: groups of digits with one separator between two groups.
type Row = Vec<Vec<u8>>;

/// All rows of a text. Groups too long for a card are kept: they end every number that would cross them.
fn rows(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![vec![vec![]]];
    for c in text.chars() {
        let row = rows.last_mut().expect("there is always a last row");
        let group_is_empty = row.last().is_none_or(Vec::is_empty);
        match digit(c) {
            Some(digit) => row.last_mut().expect("a row has a group").push(digit),
            None if is_separator(c) && !group_is_empty => row.push(vec![]),
            None if row.len() == 1 && group_is_empty => {}
            None => rows.push(vec![vec![]]),
        }
    }
    rows
}

/// A decimal digit, also in the full width that East Asian keyboards write.
fn digit(c: char) -> Option<u8> {
    let c = match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0'))?,
        _ => c,
    };
    c.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
}

/// A space or a hyphen, also of the kinds that word processors make of them.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{3000}' | '\u{ff0d}'
    )
}

/// Whether an issuer's range begins like this number (at least 13 digits).
fn issued(number: &[u8]) -> bool {
    let six = number.iter().take(6).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    matches!(six,
        400_000..=499_999                                       // Visa
        | 510_000..=559_999 | 222_100..=272_099                 // Mastercard
        | 340_000..=349_999 | 370_000..=379_999                 // American Express
        | 601_100..=601_199 | 644_000..=649_999 | 650_000..=659_999 // Discover
        | 300_000..=305_999 | 360_000..=369_999 | 380_000..=389_999 // Diners Club
        | 352_800..=358_999                                     // JCB
        | 620_000..=629_999                                     // UnionPay
        | 500_000..=509_999 | 560_000..=699_999                 // Maestro
    )
}

/// Luhn's check (ISO/IEC 7812-1 annex B): from the right, every second digit doubled, digits summed, a multiple of ten.
fn passes_luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
