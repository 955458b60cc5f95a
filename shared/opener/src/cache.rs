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

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn used(purpose: &'static str, verb: &'static str) -> Use {
        Use { tenant: TenantId::from(Uuid::from_u128(7)), subkeys: vec!["personal".to_owned()], purpose, verb }
    }

    /// A cache with a key of each of two people.
    fn cache() -> Cache {
        let cache = Cache::default();
        for holder in [PERSON, OTHER] {
            cache.keep(holder, used("operate", "read"), vec![Key::from_bytes([1; 32])], || false);
        }
        cache
    }

    fn has(cache: &Cache, holder: Uuid) -> bool {
        cache.get(holder, &used("operate", "read")).is_some()
    }

    fn held(cache: &Cache) -> usize {
        cache.0.lock().unwrap().len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_kept_for_its_tenant_purpose_verb_and_subkeys_alone() {
        let cache = cache();
        assert!(has(&cache, PERSON));
        let same = used("operate", "read");
        let others = [
            used("audit", "read"),
            used("operate", "export"),
            Use { tenant: TenantId::from(Uuid::from_u128(8)), ..same.clone() },
            Use { subkeys: vec!["business".to_owned()], ..same },
        ];
        for other in others {
            assert!(cache.get(PERSON, &other).is_none(), "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_goes_when_its_holder_is_shredded_and_others_stay() {
        let cache = cache();
        cache.drop_holder(PERSON);
        assert!(!has(&cache, PERSON) && has(&cache, OTHER));
        cache.clear();
        assert!(!has(&cache, OTHER), "who missed a shredding keeps nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_was_shredded_while_it_was_asked_for_is_not_kept() {
        let cache = Cache::default();
        cache.keep(PERSON, used("operate", "read"), vec![Key::from_bytes([1; 32])], || true);
        assert!(!has(&cache, PERSON));
    }

    #[tokio::test(start_paused = true)]
    async fn whether_the_holder_is_gone_is_asked_while_nobody_can_drop_them() {
        let cache = Cache::default();
        cache.keep(PERSON, used("operate", "read"), vec![Key::from_bytes([1; 32])], || {
            assert!(cache.0.try_lock().is_err(), "a shredding that is heard of now waits, and drops what is kept");
            false
        });
        assert!(has(&cache, PERSON));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_serves_for_less_than_a_minute_and_the_sweep_forgets_it() {
        let cache = cache();
        tokio::time::advance(Duration::from_millis(59_999)).await;
        cache.sweep();
        assert!(has(&cache, PERSON) && held(&cache) == 2);
        cache.keep(OTHER, used("operate", "read"), vec![Key::from_bytes([2; 32])], || false);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!((LONGEST, has(&cache, PERSON)), (Duration::from_secs(60), false), "used or not");
        cache.sweep();
        assert!(held(&cache) == 1 && has(&cache, OTHER), "what was released later stays");
    }
}
