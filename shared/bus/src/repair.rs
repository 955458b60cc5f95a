//! A publisher listens to its own compacted topic, and says a state again where an older one came last.

use crate::view::Doubts;
use crate::{State, View};
use runtime::{Runtime, Stage};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Doubts that come within this time are one: a relay that was frozen says many old things at once.
const GATHER: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Repairs a topic that `runtime`'s service writes: a relay that was frozen in the middle of its work and went on after another had overtaken it leaves an
/// older state behind a newer one. Views never take it, but compaction would keep it alone. `say_again` publishes what the service's own tables say of the
/// key now (the state with its version, or a tombstone), through the outbox; it may be called for keys where nothing is wrong.
///
/// To be called before [`crate::Views::spawn`], so that it sees what stands in the topic already.
///
/// # Panics
/// When the view has a repair already.
pub fn spawn_repair<V, F>(runtime: &Runtime, view: &Arc<View<V>>, say_again: impl Fn([u8; 16]) -> F + Send + Sync + 'static)
where
    V: State,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let (keys, mut doubted) = mpsc::unbounded_channel();
    let first = view.doubts.set(Doubts { keys, gone: papaya::HashSet::new() }).is_ok();
    assert!(first, "a view has one repair");
    runtime.spawn(Stage::Work, "repair", |stop| async move {
        while let Some(Some(key)) = stop.run_until_cancelled(doubted.recv()).await {
            stop.run_until_cancelled(tokio::time::sleep(GATHER)).await;
            let mut keys = BTreeSet::from([key]);
            while let Ok(key) = doubted.try_recv() {
                keys.insert(key);
            }
            tracing::warn!(keys = keys.len(), "states are said again");
            for key in keys {
                until_said(&stop, || say_again(key)).await;
            }
        }
        Ok(())
    });
}

async fn until_said<F: Future<Output = anyhow::Result<()>>>(stop: &CancellationToken, say_again: impl Fn() -> F) {
    let mut pause = FIRST_PAUSE;
    while !stop.is_cancelled() {
        let Err(cause) = say_again().await else { return };
        tracing::warn!(cause = %format!("{cause:#}"), ?pause, "a state could not be said again yet");
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
