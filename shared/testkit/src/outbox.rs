//! What a service has published, and whether a test looked at it.
//!
//! The relay takes rows out of the outbox as soon as it can, so a trigger keeps a copy of each beside it, within the transaction that wrote it.

use crate::database::connect;
use events::Outgoing;
use events::platform::Act;
use kernel::EventId;
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Makes a migrated database keep what goes into its outbox.
pub const KEEP: &str = "CREATE SCHEMA testkit; \
    CREATE TABLE testkit.outbox (LIKE infra.outbox); \
    CREATE FUNCTION testkit.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
    $$ BEGIN INSERT INTO testkit.outbox VALUES (NEW.id, NEW.batch, NEW.created_at); RETURN NULL; END $$; \
    CREATE TRIGGER keep AFTER INSERT ON infra.outbox FOR EACH ROW EXECUTE FUNCTION testkit.keep()";

/// By this test binary: an event's id is the same in an outbox and on a topic.
static LOOKED_AT: LazyLock<Mutex<HashSet<EventId>>> = LazyLock::new(Mutex::default);

/// Notes that a test has these events before it.
pub fn looked_at(events: impl IntoIterator<Item = EventId>) {
    held(&LOOKED_AT).extend(events);
}

/// What an event tells, in a word or two: an act's kind, else the topic and the message.
pub fn kind(event: &Outgoing) -> String {
    let act = event.data.as_deref().filter(|_| event.event_type == <Act as events::Event>::TYPE);
    if let Some(act) = act.and_then(|data| <Act as prost::Message>::decode(data).ok()) {
        return act.kind;
    }
    let message = event.event_type.rsplit('.').next().unwrap_or_default();
    format!("{} {message}", event.topic)
}

/// What a database's outbox was given. The last one to let go of it fails the test when there is something that nobody looked at.
#[derive(Debug)]
pub struct Outbox {
    superuser_url: String,
    excused: Mutex<Excused>,
}

#[derive(Debug, Default)]
struct Excused {
    kinds: HashSet<&'static str>,
    unheard: Option<&'static str>,
}

impl Outbox {
    pub fn of(superuser_url: &str) -> Self {
        Self { superuser_url: superuser_url.to_owned(), excused: Mutex::default() }
    }

    pub fn excuse(&self, kinds: &[&'static str]) {
        held(&self.excused).kinds.extend(kinds);
    }

    pub fn unheard(&self, why: &'static str) {
        held(&self.excused).unheard = Some(why);
    }

    /// Every event that was committed and that nobody has looked at, in order.
    pub async fn fresh(&self) -> Vec<Outgoing> {
        let rows = connect(&self.superuser_url).await.query("SELECT batch FROM testkit.outbox ORDER BY id", &[]).await;
        let mut events: Vec<Outgoing> = rows
            .expect("what was published is kept")
            .iter()
            .flat_map(|row| events::outbox::decode(row.get(0)).expect("it is a batch of events"))
            .collect();
        let looked_at = held(&LOOKED_AT);
        events.retain(|event| !looked_at.contains(&event.event_id));
        events
    }

    /// What this test has to answer for.
    async fn missed(&self) -> Vec<String> {
        let events = self.fresh().await;
        let dead = connect(&self.superuser_url).await.query_one("SELECT count(*) FROM infra.outbox_dead", &[]).await;
        let dead: i64 = dead.expect("there is such a table").get(0);
        let excused = held(&self.excused);
        let mut missed: Vec<String> = events.iter().map(kind).filter(|kind| !excused.kinds.contains(kind.as_str())).collect();
        missed.extend((dead > 0).then(|| format!("{dead} rows of infra.outbox_dead")));
        missed
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if std::thread::panicking() || held(&self.excused).unheard.is_some() {
            return;
        }
        // A thread and a runtime of their own: this one may be a test's, which must not be blocked on.
        let looking = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
            runtime.block_on(self.missed())
        };
        let missed = std::thread::scope(|scope| scope.spawn(looking).join()).expect("the outbox can be read");
        assert!(missed.is_empty(), "published, and nobody looked: {missed:?}");
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
