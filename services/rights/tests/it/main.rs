//! rights, from the outside and from its pure inside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod api;
mod app;
mod cases;
mod certificate;
mod due;
mod faults;
mod keys;
mod package;
mod progress;
mod repeated;
