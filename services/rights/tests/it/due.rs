//! Deadlines, with the traps of calendars.

use jiff::civil::date;
use jiff::tz::TimeZone;
use rights::domain::due::{answer, extended};

#[test]
fn a_month_ends_on_the_same_numbered_day_or_on_the_months_last() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let cases = [
        ("2026-01-31T12:00:00Z", date(2026, 2, 28), date(2026, 3, 2)), // Saturday
        ("2026-03-05T12:00:00Z", date(2026, 4, 5), date(2026, 4, 6)), // Easter Sunday; the Monday is a holiday in most of the Union: we answer before it
        ("2026-08-31T12:00:00Z", date(2026, 9, 30), date(2026, 9, 30)),
        ("2024-01-31T12:00:00Z", date(2024, 2, 29), date(2024, 2, 29)),
        ("2026-11-23T23:30:00Z", date(2026, 12, 24), date(2026, 12, 24)), // already the 24th where the controller is
    ];
    for (received, internal, legal) in cases {
        let due = answer(received.parse().unwrap(), &zone);
        assert_eq!((due.internal, due.legal), (internal, legal), "{received}");
    }
    assert_eq!(extended("2026-08-31T12:00:00Z".parse().unwrap(), &zone).internal, date(2026, 11, 30));
}
