//! A view: a compacted topic as a map in memory, which knows how old it is.

use crate::State;
use events::{Incoming, Topic};
use kernel::{Clock, Timestamp, from_micros};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};

/// So many changes may wait for a slow listener before it has to look for itself.
const CHANGES: usize = 16_384;
/// Away for longer than this, a reader may have missed tombstones, which are kept for seven days.
const LONGEST_ABSENCE_US: i64 = 6 * 24 * 60 * 60 * 1_000_000;
/// No watermark was heard yet.
const NEVER: i64 = i64::MIN;

/// What is known is older than the lease allows: nothing may be decided on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is known of {topic} is too old to decide on")]
pub struct Stale {
    pub topic: &'static str,
}

/// A key's new state was taken in; without a version, the key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: [u8; 16],
    pub version: Option<i64>,
}

/// The newest state of each key of a topic.
pub struct View<V> {
    topic: &'static Topic,
    states: papaya::HashMap<[u8; 16], Arc<V>>,
    /// By partition: up to when all that its publisher recorded has been taken in.
    marks: Vec<AtomicI64>,
    ready: AtomicBool,
    /// Made when somebody listens first.
    changes: OnceLock<broadcast::Sender<Change>>,
    /// Counts what was taken in, so that somebody can wait for more.
    taken: watch::Sender<u64>,
    pub(crate) doubts: OnceLock<Doubts>,
}

/// Keys whose newest record may not be their newest state: for the publisher, who knows.
pub(crate) struct Doubts {
    pub keys: mpsc::UnboundedSender<[u8; 16]>,
    /// Keys that had a tombstone.
    pub gone: papaya::HashSet<[u8; 16]>,
}

impl<V: State> View<V> {
    pub(crate) fn new(topic: &'static Topic) -> Self {
        Self {
            topic,
            states: papaya::HashMap::new(),
            marks: (0..topic.partitions).map(|_| AtomicI64::new(NEVER)).collect(),
            ready: AtomicBool::new(false),
            changes: OnceLock::new(),
            taken: watch::channel(0).0,
            doubts: OnceLock::new(),
        }
    }

    /// The state of a key, when there is one.
    pub fn get(&self, key: &[u8; 16]) -> Option<Arc<V>> {
        self.states.pin().get(key).cloned()
    }

    /// How many keys have a state.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Every state there is; for lists that are small.
    pub fn all(&self) -> Vec<Arc<V>> {
        self.states.pin().values().cloned().collect()
    }

    /// Whether everything that stood in the topic at the start has been taken in.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Everything its publisher recorded up to here is in the view, by the publisher's real clock.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.marks.iter().map(|mark| mark.load(Ordering::Acquire)).min().filter(|mark| *mark != NEVER).and_then(from_micros)
    }

    /// Whether the view may be decided on: ready, and not older than the lease. The publisher's clock and ours may differ: the lease counts that in, and a
    /// watermark that is further ahead than the lease is not believed.
    ///
    /// # Errors
    /// [`Stale`].
    pub fn fresh(&self, lease: Duration) -> Result<(), Stale> {
        let stale = Stale { topic: self.topic.name };
        let mark = self.watermark().filter(|_| self.is_ready()).ok_or(stale)?;
        if Clock::real_now().duration_since(mark).unsigned_abs() <= lease { Ok(()) } else { Err(stale) }
    }

    /// The state of a key, waiting for it if need be.
    pub async fn wait_for(&self, key: &[u8; 16], patience: Duration) -> Option<Arc<V>> {
        let mut taken = self.taken.subscribe();
        let looking = async {
            loop {
                if let Some(state) = self.get(key) {
                    return Some(state);
                }
                taken.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, looking).await.ok().flatten()
    }

    /// Hears of each state that is taken in from now on; that includes what stood in the topic before, when the views begin to read later. Who is too slow
    /// misses some, is told so ([`broadcast::error::RecvError::Lagged`]), and looks at the view itself.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.get_or_init(|| broadcast::channel(CHANGES).0).subscribe()
    }

    fn put(&self, key: [u8; 16], state: V) {
        let version = state.version();
        if !self.replace(key, state) {
            return self.doubt(key);
        }
        if self.doubts.get().is_some_and(|doubts| doubts.gone.pin().remove(&key)) {
            self.doubt(key);
        }
        self.tell(Change { key, version: Some(version) });
    }

    fn remove(&self, key: [u8; 16]) {
        self.states.pin().remove(&key);
        if let Some(doubts) = self.doubts.get() {
            doubts.gone.pin().insert(key);
        }
        self.tell(Change { key, version: None });
    }

    /// An older version never replaces a newer one.
    fn replace(&self, key: [u8; 16], state: V) -> bool {
        let states = self.states.pin();
        if states.get(&key).is_some_and(|known| known.version() > state.version()) {
            tracing::warn!(topic = self.topic.name, "an older state came after a newer one");
            return false;
        }
        states.insert(key, Arc::new(state));
        true
    }

    fn doubt(&self, key: [u8; 16]) {
        if let Some(doubts) = self.doubts.get() {
            // The service stops: the next start sees the same records.
            let _repairing = doubts.keys.send(key);
        }
    }

    fn tell(&self, change: Change) {
        if let Some(changes) = self.changes.get() {
            // Nobody listens any more: nothing to tell.
            let _listeners = changes.send(change);
        }
        self.taken.send_modify(|taken| *taken += 1);
    }

    fn key(&self, key: &[u8]) -> Option<[u8; 16]> {
        let id = <[u8; 16]>::try_from(key).ok();
        if id.is_none() {
            tracing::error!(topic = self.topic.name, "a state has a key that is no id");
        }
        id
    }
}

/// A view of any type, as its reader sees it.
pub(crate) trait AnyView: Send + Sync {
    fn topic(&self) -> &'static Topic;
    fn take(&self, event: &Incoming);
    /// The newest record of this key cannot be read.
    fn unreadable(&self, key: &[u8]);
    /// Returns whether the reader was away for so long that it may have missed tombstones.
    fn mark(&self, partition: i32, until_us: i64) -> bool;
    fn set_ready(&self);
    /// Everything is read anew.
    fn forget(&self);
}

impl<V: State> AnyView for View<V> {
    fn topic(&self) -> &'static Topic {
        self.topic
    }

    fn take(&self, event: &Incoming) {
        let Some(key) = self.key(&event.key) else { return };
        if event.is_tombstone() {
            return self.remove(key);
        }
        match event.decode::<V>() {
            Ok(state) => self.put(key, state),
            Err(cause) => {
                tracing::error!(topic = self.topic.name, %cause, "a state cannot be read");
                self.unreadable(&event.key);
            }
        }
    }

    fn unreadable(&self, key: &[u8]) {
        let Some(key) = self.key(key) else { return };
        let instead = V::unreadable();
        let version = instead.as_ref().map(State::version);
        let states = self.states.pin();
        if let Some(instead) = instead {
            states.insert(key, Arc::new(instead));
        } else {
            states.remove(&key);
        }
        self.doubt(key);
        self.tell(Change { key, version });
    }

    /// The newest mark counts, also when it is an earlier time: the publisher's clock was set back, or a frozen relay went on, and earlier is safe.
    fn mark(&self, partition: i32, until_us: i64) -> bool {
        let Some(mark) = usize::try_from(partition).ok().and_then(|partition| self.marks.get(partition)) else { return false };
        let before = mark.swap(until_us, Ordering::AcqRel);
        self.is_ready() && before != NEVER && until_us.saturating_sub(before) > LONGEST_ABSENCE_US
    }

    fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    fn forget(&self) {
        self.ready.store(false, Ordering::Release);
        self.marks.iter().for_each(|mark| mark.store(NEVER, Ordering::Release));
        self.states.pin().clear();
        if let Some(doubts) = self.doubts.get() {
            doubts.gone.pin().clear();
        }
    }
}
