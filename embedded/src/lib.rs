#![doc = include_str!("../README.md")]

mod child;
mod kafka;
mod postgres;
mod prepare;

pub use child::kill_children;
pub use kafka::Kafka;
pub use postgres::{Postgres, PostgresOptions};
pub use prepare::Prepared;

/// `guard.sh SIGNAL GRACE CMD…`: runs a command and ends it when its standard input closes; kills it when it has not ended so many seconds later.
pub const GUARD: &str = include_str!("../guard.sh");

/// A TCP port on the loopback address that is free at this moment.
///
/// # Errors
/// There is none.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether this port can be bound on the loopback address.
pub fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}
