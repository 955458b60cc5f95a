//! Epochs: how long a root key lives, and what that promises about the copies of the key store.

use std::num::NonZeroU32;

const MICROS: i64 = 1_000_000;

/// A stretch of time in which one root key wraps all tenants' keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch {
    /// Its number: the Unix time of its start divided by the length of an epoch, unless the length was changed meanwhile.
    pub number: i64,
    /// Its end, in microseconds since 1970.
    pub ends_at_us: i64,
}

impl Epoch {
    /// The epoch that must begin at `now_us`, or `None` while the newest one still runs.
    ///
    /// Numbers only ever grow, also when the length is changed and the plain division would fall back.
    pub fn due(newest: Option<Epoch>, now_us: i64, seconds: NonZeroU32) -> Option<Epoch> {
        let length = i64::from(seconds.get()) * MICROS;
        let by_clock = now_us.div_euclid(length);
        let ends_at_us = (by_clock + 1) * length;
        match newest {
            None => Some(Epoch { number: by_clock.max(0), ends_at_us }),
            Some(newest) if now_us < newest.ends_at_us => None,
            Some(newest) => Some(Epoch { number: by_clock.max(newest.number + 1), ends_at_us }),
        }
    }
}

/// From when on no copy of the key store opens what was shredded at `now_us`, in microseconds since 1970.
///
/// A copy taken just before holds the old bucket key under the root of the epoch the bucket then stood in (`bucket_ends_at_us`), which is
/// destroyed when the epoch that the clock shows has ended, and gone for good `window_seconds` later: the key-management service's own deletion window.
pub fn unrecoverable_by(now_us: i64, bucket_ends_at_us: i64, seconds: NonZeroU32, window_seconds: u32) -> i64 {
    let length = i64::from(seconds.get()) * MICROS;
    let by_clock = (now_us.div_euclid(length) + 1) * length;
    by_clock.max(bucket_ends_at_us) + i64::from(window_seconds) * MICROS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: NonZeroU32 = NonZeroU32::new(86_400).expect("a day is not zero");
    const HOUR: NonZeroU32 = NonZeroU32::new(3_600).expect("an hour is not zero");
    const DAY_US: i64 = 86_400 * MICROS;

    #[test]
    fn the_first_epoch_is_the_one_the_clock_shows() {
        assert_eq!(Epoch::due(None, 20_000 * DAY_US + 5, DAY), Some(Epoch { number: 20_000, ends_at_us: 20_001 * DAY_US }));
    }

    #[test]
    fn an_epoch_runs_to_its_last_microsecond() {
        let newest = Epoch { number: 20_000, ends_at_us: 20_001 * DAY_US };
        assert_eq!(Epoch::due(Some(newest), newest.ends_at_us - 1, DAY), None);
        let next = Epoch::due(Some(newest), newest.ends_at_us, DAY);
        assert_eq!(next, Some(Epoch { number: 20_001, ends_at_us: 20_002 * DAY_US }));
    }

    #[test]
    fn days_asleep_are_skipped() {
        let newest = Epoch { number: 20_000, ends_at_us: 20_001 * DAY_US };
        assert_eq!(Epoch::due(Some(newest), 20_009 * DAY_US, DAY).map(|epoch| epoch.number), Some(20_009));
    }

    #[test]
    fn a_longer_epoch_never_takes_a_number_twice() {
        let newest = Epoch::due(None, 20_000 * DAY_US, HOUR).unwrap();
        assert_eq!(Epoch::due(Some(newest), newest.ends_at_us - 1, DAY), None);
        let next = Epoch::due(Some(newest), newest.ends_at_us, DAY).unwrap();
        assert_eq!((next.number, next.ends_at_us), (newest.number + 1, 20_001 * DAY_US));
    }

    #[test]
    fn a_shorter_epoch_waits_for_the_end_of_the_running_one() {
        let newest = Epoch { number: 20_000, ends_at_us: 20_001 * DAY_US };
        assert_eq!(Epoch::due(Some(newest), newest.ends_at_us - 1, HOUR), None);
        let next = Epoch::due(Some(newest), newest.ends_at_us, HOUR).unwrap();
        assert_eq!((next.number, next.ends_at_us), (20_001 * 24, 20_001 * DAY_US + 3_600 * MICROS));
    }

    #[test]
    fn the_deletion_window_is_added() {
        assert_eq!(unrecoverable_by(5 * DAY_US + 1, 6 * DAY_US, DAY, 0), 6 * DAY_US);
        assert_eq!(unrecoverable_by(5 * DAY_US + 1, 6 * DAY_US, DAY, 60), 6 * DAY_US + 60 * MICROS);
        assert_eq!(unrecoverable_by(6 * DAY_US, 6 * DAY_US, DAY, 0), 7 * DAY_US);
    }

    proptest! {
        #[test]
        fn numbers_grow_and_the_end_lies_ahead(now in 0_i64..4_000_000_000_000_000, number in 0_i64..3_000_000, ends in 0_i64..4_000_000_000_000_000, seconds in 1_u32..200_000) {
            let seconds = NonZeroU32::new(seconds).unwrap();
            let newest = Epoch { number, ends_at_us: ends };
            match Epoch::due(Some(newest), now, seconds) {
                Some(next) => prop_assert!(next.number > number && next.ends_at_us > now),
                None => prop_assert!(now < ends),
            }
        }

        #[test]
        fn nothing_is_promised_for_the_past(now in 0_i64..4_000_000_000_000_000, ends in 0_i64..4_000_000_000_000_000, seconds in 1_u32..200_000, window in 0_u32..1_000_000) {
            let by = unrecoverable_by(now, ends, NonZeroU32::new(seconds).unwrap(), window);
            prop_assert!(by > now && by >= ends);
        }
    }
}
