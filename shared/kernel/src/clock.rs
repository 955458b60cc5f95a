//! The clock: time is an argument, so that a test can walk through thirty days.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::{ContextV7, Uuid};

/// The longest sleep in one piece. The operating system's clock may be set while we sleep, so it is asked again after this.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Where every time and every time-ordered id comes from. A clone is the same clock.
///
/// Times are whole microseconds, as PostgreSQL keeps them, so a time that was stored equals the one that was answered.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// Where a test clock stands; `None` for the operating system's clock.
    hand: Option<watch::Sender<Timestamp>>,
    /// Counter that keeps ids of one millisecond in order.
    ids: Mutex<ContextV7>,
}

/// Why a clock was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Backwards {
    /// The time asked for lies before the clock's time.
    #[error("the clock stands at {now} and never goes back")]
    Earlier {
        /// Where the clock stands.
        now: Timestamp,
    },
    /// Only a test clock can be moved.
    #[error("the system clock cannot be moved")]
    SystemClock,
}

impl Clock {
    /// The clock of the operating system.
    pub fn system() -> Self {
        Self::with(None)
    }

    /// A clock that stands at `start` until it is moved.
    pub fn test(start: Timestamp) -> Self {
        Self::with(Some(watch::Sender::new(whole_micros(start))))
    }

    fn with(hand: Option<watch::Sender<Timestamp>>) -> Self {
        Self(Arc::new(Inner { hand, ids: Mutex::new(ContextV7::new()) }))
    }

    /// The time, in whole microseconds.
    pub fn now(&self) -> Timestamp {
        match &self.0.hand {
            Some(hand) => *hand.borrow(),
            None => Self::real_now(),
        }
    }

    /// Whether this clock is moved by hand.
    pub fn is_test(&self) -> bool {
        self.0.hand.is_some()
    }

    /// Moves a test clock on to `to` and wakes whoever slept until then. To move to where it stands is allowed.
    ///
    /// # Errors
    /// [`Backwards`] when `to` has passed or this is the system clock; the clock then stays as it is.
    pub fn advance_to(&self, to: Timestamp) -> Result<(), Backwards> {
        let Some(hand) = &self.0.hand else { return Err(Backwards::SystemClock) };
        let to = whole_micros(to);
        let mut outcome = Ok(());
        hand.send_if_modified(|now| {
            if to < *now {
                outcome = Err(Backwards::Earlier { now: *now });
            }
            let moves = to > *now;
            if moves {
                *now = to;
            }
            moves
        });
        outcome
    }

    /// Returns once the clock shows `until` or later; at once when it already does. May be dropped at any time.
    pub async fn sleep_until(&self, until: Timestamp) {
        let until = whole_micros(until);
        match &self.0.hand {
            Some(hand) => {
                let reached = hand.subscribe().wait_for(|now| *now >= until).await.is_ok();
                debug_assert!(reached, "the clock we borrow holds the sender");
            }
            None => sleep_in_naps(until).await,
        }
    }

    /// The operating system's time, whatever this process's clock shows.
    ///
    /// For watermarks and leases alone, which measure real delay and must not stand still with a test clock.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn real_now() -> Timestamp {
        whole_micros(Timestamp::now())
    }

    /// A UUIDv7 of this clock's time (1970 if it stands before that), greater than the one before it.
    pub(crate) fn uuid_v7(&self) -> Uuid {
        let since = Duration::try_from(self.now().as_duration()).unwrap_or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(&self.0.ids, since.as_secs(), since.subsec_nanos()))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_test() { "test" } else { "system" };
        write!(f, "Clock({kind}, {})", self.now())
    }
}

async fn sleep_in_naps(until: Timestamp) {
    loop {
        let left = until.duration_since(Clock::real_now());
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_NAP)).await,
            _ => return,
        }
    }
}

/// Microseconds since 1970-01-01T00:00:00Z, rounded towards it; negative before.
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The time that many microseconds after 1970-01-01T00:00:00Z; `None` outside the years −9999 to 9999.
pub fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// The same time without the part below a microsecond.
fn whole_micros(time: Timestamp) -> Timestamp {
    from_micros(micros(time)).expect("a timestamp without its fraction of a microsecond is in range")
}
