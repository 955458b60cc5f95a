//! Cases as they are: kinds, states, deadlines, what is asked next. No storage, no network.

pub mod due;
pub mod progress;
