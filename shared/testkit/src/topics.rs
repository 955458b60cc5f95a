//! Topics of this test binary alone, and a look at what was published.

use crate::servers;
use bus::KafkaConfig;
use db::{Db, DbError};
use events::Outgoing;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The broker, with topics of this test binary's own, and groups of this test's own: each test hears everything that any of them says.
pub async fn kafka() -> KafkaConfig {
    static TOPICS: OnceCell<()> = OnceCell::const_new();
    let (process, test) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let config = KafkaConfig { brokers: servers().kafka.clone(), topic_prefix: format!("t{process}."), group_prefix: format!("t{process}.{test}.") };
    TOPICS.get_or_init(|| async { bus::create_topics(&config, 1).await.expect("topics can be made") }).await;
    config
}

/// Events that were committed, in their order, and are looked at now. A test that drops this without having looked fails.
#[must_use]
pub struct Published {
    events: Vec<Outgoing>,
    looked: bool,
}

/// What a service's transactions have left in its outbox (whose relay must not run), taken out of it.
pub async fn published(db: &Db) -> Published {
    let mut events = Vec::new();
    let taken = db::outbox::relay_batch(db, i64::from(i32::MAX), async |batch: Vec<Outgoing>| {
        events.extend(batch);
        Ok::<_, DbError>(())
    });
    taken.await.expect("the outbox can be read");
    Published { events, looked: false }
}

impl Published {
    /// Their types, in order.
    pub fn types(&mut self) -> Vec<&str> {
        self.looked = true;
        self.events.iter().map(|event| event.event_type.as_str()).collect()
    }

    /// The events themselves.
    pub fn events(&mut self) -> &[Outgoing] {
        self.looked = true;
        &self.events
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        assert!(self.looked || self.events.is_empty() || std::thread::panicking(), "{} events were published and nobody looked at them", self.events.len());
    }
}

