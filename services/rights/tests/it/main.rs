//! rights from its pure inside.

mod due;
mod progress;
