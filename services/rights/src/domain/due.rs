//! Deadlines of GDPR 12(3), computed as Regulation 1182/71 Art. 3 says.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// When a request must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The same-numbered day of the next month, or that month's last day: what we work towards.
    pub internal: Date,
    /// The same, moved to the next working day when it falls on a Saturday or a Sunday. Public holidays, which differ by country, are not counted,
    /// so this is never later than the law allows.
    pub legal: Date,
}

/// One month after receipt, in the controller's time zone.
pub fn answer(received_at: Timestamp, zone: &TimeZone) -> Due {
    months_after(received_at, zone, 1)
}

/// Three months after receipt: the month and the two by which Art. 12(3) may extend it.
pub fn extended(received_at: Timestamp, zone: &TimeZone) -> Due {
    months_after(received_at, zone, 3)
}

fn months_after(received_at: Timestamp, zone: &TimeZone, months: i32) -> Due {
    let received = received_at.to_zoned(zone.clone()).date();
    let internal = received.checked_add(Span::new().months(months)).unwrap_or(Date::MAX);
    let days = match internal.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    Due { internal, legal: internal.checked_add(Span::new().days(days)).unwrap_or(internal) }
}
