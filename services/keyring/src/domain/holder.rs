//! Whom a key is about, and what became of it.

use events::keyring::{HolderKind, HolderState};

/// Whom a key is about; numbered as in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person.
    Subject,
    /// The files and staged rows of one import.
    Import,
    /// What was said in one rights case.
    Case,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::Subject, Kind::Import, Kind::Case];

    /// As it stands in the tables and in the protocol.
    pub const fn number(self) -> i16 {
        match self {
            Self::Subject => 1,
            Self::Import => 2,
            Self::Case => 3,
        }
    }

    /// The kind with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| i32::from(kind.number()) == number)
    }

    /// As it stands in events.
    pub const fn event(self) -> HolderKind {
        match self {
            Self::Subject => HolderKind::Subject,
            Self::Import => HolderKind::Import,
            Self::Case => HolderKind::Case,
        }
    }

    /// A word for metrics and acts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Import => "import",
            Self::Case => "case",
        }
    }
}

/// What is known of a holder: live with `T`, shredded, or never made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// Its key is there.
    Live(T),
    /// It stands in the erasure ledger, whether or not its key is gone already.
    Shredded,
    /// Nobody made a key for it, or for a holder of another kind.
    Unknown,
}

impl<T> Known<T> {
    /// As it stands in answers.
    pub const fn event(&self) -> HolderState {
        match self {
            Self::Live(_) => HolderState::Live,
            Self::Shredded => HolderState::Shredded,
            Self::Unknown => HolderState::Unknown,
        }
    }

    /// The same state of something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Live(value) => Known::Live(change(value)),
            Self::Shredded => Known::Shredded,
            Self::Unknown => Known::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_as_in_the_protocol() {
        for kind in Kind::ALL {
            assert_eq!(i32::from(kind.number()), i32::from(kind.event()));
            assert_eq!(Kind::from_number(kind.event().into()), Some(kind));
        }
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Kind::from_number(4), None);
    }
}
