//! The platform as a stranger sees it, and the shape of the workspace.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod arrows;
mod cases;
mod crashes;
mod faults;
mod life;
mod messages;
mod outside;
mod promises;
mod rights;
mod scan;
mod twins;
mod walk;
