#![doc = include_str!("../README.md")]

mod config;
mod database;
mod outbox;
mod people;
mod served;
mod servers;
mod topics;

pub use config::common;
pub use database::{Database, connect, database};
pub use people::{Key, Platform, house_key, key_of, tenant};
pub use served::{Answer, Client, send, walk};
pub use servers::{Running, Servers, VARIABLE, servers};
pub use topics::{Listener, kafka};

use kernel::{Clock, Service, Timestamp};
use runtime::Runtime;
use std::time::{Duration, Instant};

/// When tests begin: a Tuesday.
pub const BEGIN: &str = "2026-11-24T09:00:00Z";

/// A clock that is held, at [`BEGIN`].
pub fn clock() -> Clock {
    Clock::test(BEGIN.parse::<Timestamp>().expect("it is a time"))
}

/// What a service runs in.
pub fn runtime(service: Service, clock: &Clock) -> Runtime {
    Runtime::new(service, clock.clone())
}

/// Waits until something holds, by looking again and again; gives up after half a minute and says what was waited for.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
