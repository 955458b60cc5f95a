//! The clock, moved by hand and by the operating system.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use kernel::{Backwards, Clock, Timestamp, from_micros, micros};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Asks a future once whether it is done.
fn done(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()))
}

#[test]
fn a_test_clock_stands_until_it_is_moved_and_never_goes_back() {
    let clock = Clock::test(at("2026-11-24T04:00:00Z"));
    let same = clock.clone();
    assert!(clock.is_test());
    assert_eq!(clock.now(), at("2026-11-24T04:00:00Z"));
    assert_eq!(clock.advance_to(at("2026-12-24T04:00:00Z")), Ok(()));
    assert_eq!(same.now(), at("2026-12-24T04:00:00Z"), "a clone is the same clock");
    assert_eq!(clock.advance_to(clock.now()), Ok(()));
    let refused = clock.advance_to(at("2026-12-24T03:59:59.999999Z"));
    assert_eq!(refused, Err(Backwards::Earlier { now: at("2026-12-24T04:00:00Z") }));
    assert_eq!(clock.now(), at("2026-12-24T04:00:00Z"));
}

#[test]
fn a_sleeper_wakes_when_the_clock_is_moved_to_its_time_and_not_before() {
    let clock = Clock::test(at("2026-11-24T04:00:00Z"));
    let mut sleep = pin!(clock.sleep_until(at("2026-11-24T05:00:00Z")));
    assert!(!done(sleep.as_mut()));
    clock.advance_to(at("2026-11-24T04:59:59.999999Z")).unwrap();
    assert!(!done(sleep.as_mut()));
    clock.advance_to(at("2026-11-24T05:00:00Z")).unwrap();
    assert!(done(sleep.as_mut()));
}

#[tokio::test]
async fn moving_the_clock_wakes_every_sleeper_it_passes() {
    let clock = Clock::test(at("2026-11-24T04:00:00Z"));
    let sleepers: Vec<_> = (1..=100)
        .map(|minute| {
            let clock = clock.clone();
            let until = at("2026-11-24T04:00:00Z") + jiff::SignedDuration::from_mins(minute);
            tokio::spawn(async move { clock.sleep_until(until).await })
        })
        .collect();
    tokio::task::yield_now().await;
    clock.advance_to(at("2026-11-24T08:00:00Z")).unwrap();
    for sleeper in sleepers {
        sleeper.await.unwrap();
    }
}

#[test]
fn nobody_sleeps_until_a_time_that_has_passed() {
    for clock in [Clock::test(at("2026-11-24T04:00:00Z")), Clock::system()] {
        assert!(done(pin!(clock.sleep_until(clock.now())).as_mut()));
        assert!(done(pin!(clock.sleep_until(Timestamp::MIN)).as_mut()));
    }
}

#[tokio::test]
async fn the_system_clock_moves_by_itself_and_cannot_be_moved() {
    let clock = Clock::system();
    assert!(!clock.is_test());
    let soon = clock.now() + jiff::SignedDuration::from_millis(2);
    clock.sleep_until(soon).await;
    assert!(clock.now() >= soon);
    assert_eq!(clock.advance_to(Timestamp::MAX), Err(Backwards::SystemClock));
}

#[test]
fn times_are_whole_microseconds() {
    let clock = Clock::test(at("2026-11-24T04:00:00.123456789Z"));
    assert_eq!(clock.now(), at("2026-11-24T04:00:00.123456Z"));
    clock.advance_to(at("2026-11-24T04:00:01.000000999Z")).unwrap();
    assert_eq!(clock.now(), at("2026-11-24T04:00:01Z"));
    let now = Clock::real_now();
    assert_eq!(from_micros(micros(now)), Some(now));
}

#[test]
fn microseconds_go_there_and_back_within_the_years_that_exist() {
    assert_eq!(micros(at("1970-01-01T00:00:01Z")), 1_000_000);
    assert_eq!(micros(at("1969-12-31T23:59:59Z")), -1_000_000);
    assert_eq!(from_micros(1_732_420_800_000_001).map(micros), Some(1_732_420_800_000_001));
    assert_eq!(from_micros(i64::MAX), None);
    assert_eq!(from_micros(i64::MIN), None);
}

#[test]
fn debug_says_which_clock_it_is() {
    assert_eq!(format!("{:?}", Clock::test(at("2026-11-24T04:00:00Z"))), "Clock(test, 2026-11-24T04:00:00Z)");
}
