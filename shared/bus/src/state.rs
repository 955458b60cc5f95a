//! Messages that are the whole state of their key.

use events::Event;
use events::consent::PersonState;
use events::identity::{Principal, Tenant};
use events::keyring::Shredded;
use events::platform::ClockSet;

/// A message that is the whole state of its key.
pub trait State: Event + Send + Sync + 'static {
    /// Grows with each change of the same key.
    fn version(&self) -> i64;

    /// What to go by while the newest state of a key cannot be read: whatever allows least. `None` where it is the same as not to be known.
    fn unreadable() -> Option<Self> {
        None
    }
}

/// One that is not known has no rights.
impl State for Tenant {
    fn version(&self) -> i64 {
        self.version
    }
}

/// One that is not known has no rights.
impl State for Principal {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Of whom nothing is known has not objected to anything; so one whose state cannot be read is restricted and suppressed.
impl State for PersonState {
    fn version(&self) -> i64 {
        self.version
    }

    fn unreadable() -> Option<Self> {
        Some(Self { restricted: true, suppressed: true, ..Self::default() })
    }
}

/// The key is gone when anything says so.
impl State for Shredded {
    fn version(&self) -> i64 {
        self.shredded_at_us
    }

    fn unreadable() -> Option<Self> {
        Some(Self::default())
    }
}

impl State for ClockSet {
    fn version(&self) -> i64 {
        self.now_us
    }
}
