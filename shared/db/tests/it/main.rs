//! db on a real PostgreSQL: tenants, what protects them, transactions that run again, reads that are given up, the outbox, and a server that is frozen.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod errors;
mod frozen;
mod housekeeping;
mod journal;
mod outbox;
mod reads;
mod row_security;
mod tenants;
mod transactions;
mod world;
