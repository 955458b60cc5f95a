//! keyring on a real PostgreSQL and a real broker: two keyrings where it matters, a clock that is held, roots in files.

mod create;
mod document;
mod events;
mod http;
mod ledger;
mod life;
mod shred;
mod support;
mod turn;
mod whole;
