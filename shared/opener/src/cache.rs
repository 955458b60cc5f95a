//! Released keys, for a minute at most and not a moment longer than their person.

use kernel::TenantId;
use seal::Key;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a released key is kept.
const LONGEST: Duration = Duration::from_secs(60);
/// At most so many people's keys are kept; then all are forgotten.
const MOST: usize = 20_000;

/// For what a key was released. What was released for one purpose serves no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Use {
    pub tenant: TenantId,
    pub subkeys: Vec<String>,
    pub purpose: &'static str,
    pub verb: &'static str,
}

/// A holder's keys, by what they were released for.
type Released = HashMap<Use, (Instant, Vec<Key>)>;

#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<Uuid, Released>>);

impl Cache {
    pub fn get(&self, holder: Uuid, used: &Use) -> Option<Vec<Key>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, keys) = kept.get(&holder)?.get(used)?;
        (since.elapsed() < LONGEST).then(|| keys.clone())
    }

    /// Keeps keys, unless `is_gone` says, at the moment of keeping, that their holder has been shredded since they were asked for.
    /// Whoever hears of a shredding later drops what was kept before.
    pub fn keep(&self, holder: Uuid, used: Use, keys: Vec<Key>, is_gone: impl FnOnce() -> bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_gone() {
            return;
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.entry(holder).or_default().insert(used, (Instant::now(), keys));
    }

    /// Forgets a holder's keys.
    pub fn drop_holder(&self, holder: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&holder);
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets what is too old to be used.
    pub fn sweep(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, uses| {
            uses.retain(|_, (since, _)| since.elapsed() < LONGEST);
            !uses.is_empty()
        });
    }
}
