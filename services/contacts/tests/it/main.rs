//! contacts, from the outside and from its pure inside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod acts;
mod api;
mod app;
mod contacts;
mod import_rows;
mod imports;
mod quarantine;
mod repeated;
mod rights_tasks;
mod turns;
