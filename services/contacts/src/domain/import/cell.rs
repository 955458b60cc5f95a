//! Cells: what must not come in, and what must not go out as it is.

/// Whether a program that opens the file would take the cell for a formula (ASVS 1.2.10).
pub fn begins_like_a_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Whether the cell is a telephone number and nothing else: safe although it may begin with `+`.
pub fn is_telephone_number(cell: &str) -> bool {
    let mut digits = 0;
    let allowed = cell.char_indices().all(|(at, c)| match c {
        '0'..='9' => {
            digits += 1;
            true
        }
        '+' => at == 0,
        ' ' | '(' | ')' | '-' | '.' => true,
        _ => false,
    });
    allowed && digits > 0 && cell.starts_with(|c: char| c == '+' || c == '(' || c.is_ascii_digit())
}

/// Whether the cell may be dialled: a telephone number with no more digits than E.164 has. Most cards have more.
pub fn may_be_dialled(cell: &str) -> bool {
    is_telephone_number(cell) && cell.chars().filter(char::is_ascii_digit).count() <= 15
}

/// The cell as it goes out in a file that people open: a `'` before what looks like a formula, telephone numbers as they are.
pub fn outgoing(cell: &str) -> std::borrow::Cow<'_, str> {
    if begins_like_a_formula(cell) && !is_plain_international_number(cell) || guarded(cell) {
        std::borrow::Cow::Owned(format!("'{cell}"))
    } else {
        std::borrow::Cow::Borrowed(cell)
    }
}

/// The cell as it comes in: one `'` before what looks like a formula is an export's guard, and is taken away again.
pub fn incoming(cell: &str) -> &str {
    if guarded(cell) { cell.split_at(1).1 } else { cell }
}

/// `'`, as often as it may be, before what looks like a formula.
fn guarded(cell: &str) -> bool {
    cell.starts_with('\'') && begins_like_a_formula(cell.trim_start_matches('\''))
}

/// `+1+1` is made of a telephone number's characters and is a formula; a number has its `+` once, and no sum in it.
fn is_plain_international_number(cell: &str) -> bool {
    cell.starts_with('+') && is_telephone_number(cell) && cell.chars().filter(char::is_ascii_digit).count() >= 7
}
