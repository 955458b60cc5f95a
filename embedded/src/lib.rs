#![doc = include_str!("../README.md")]

mod child;
mod kafka;
mod postgres;
mod prepare;

pub use child::kill_children;
pub use kafka::Kafka;
pub use postgres::{Postgres, PostgresOptions, forget_lent};
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

/// How many ports are tried: somebody who takes each of them just before it is bound is no accident.
const TRIES: usize = 5;

/// Starts something on this port. A port that was free when it was chosen may be somebody else's by the time it is bound: then on another one.
///
/// # Errors
/// It does not start, and its port is not the reason, or each of several ports was taken.
pub fn on_a_port_of_its_own<T>(first: u16, mut start: impl FnMut(u16) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut port = first;
    for _ in 1..TRIES {
        match start(port) {
            Err(_) if !is_free(port) => port = free_port()?,
            done => return done,
        }
    }
    start(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn what_does_not_start_because_its_port_is_taken_meanwhile_starts_on_another() {
        let (first, mut taken) = (free_port().unwrap(), Vec::new());
        let started = on_a_port_of_its_own(first, |port| {
            if taken.len() < 2 {
                taken.push(TcpListener::bind(("127.0.0.1", port))?);
            }
            TcpListener::bind(("127.0.0.1", port)).map_err(Into::into)
        });
        assert_eq!(taken[0].local_addr().unwrap().port(), first);
        assert!(started.unwrap().local_addr().unwrap().port() != first);
    }

    #[test]
    fn what_does_not_start_on_a_free_port_is_not_tried_again() {
        let mut tries = 0;
        let started: anyhow::Result<()> = on_a_port_of_its_own(free_port().unwrap(), |_| {
            tries += 1;
            anyhow::bail!("its data are broken")
        });
        assert_eq!((started.unwrap_err().to_string(), tries), ("its data are broken".to_owned(), 1));
    }

    #[test]
    fn somebody_who_takes_every_port_is_told_of() {
        let mut taken = Vec::new();
        let started: anyhow::Result<()> = on_a_port_of_its_own(free_port().unwrap(), |port| {
            taken.push(TcpListener::bind(("127.0.0.1", port))?);
            anyhow::bail!("the port is taken")
        });
        assert!(started.is_err());
        assert_eq!(taken.len(), TRIES);
    }
}
