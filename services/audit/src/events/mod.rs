//! What audit hears.

pub mod on_entry;
