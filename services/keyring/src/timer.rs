//! What keyring does by itself: turning the epoch when its time has come, and finishing what a dead process had begun.

use crate::ops::{Store, Turned};
use kernel::Timestamp;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon what did not settle is tried again; each time in a row after twice as long. Real time: a test clock may stand still.
const SOON: Duration = Duration::from_millis(500);
/// The longest pause between two tries.
const LATEST: Duration = Duration::from_secs(15);
/// How often a settled store is looked at.
const NOW_AND_THEN: Duration = Duration::from_secs(30);

/// Turns epochs until it is told to stop.
pub async fn turn_epochs(store: Arc<Store>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut pause = SOON;
    loop {
        let settled = match store.turn().await {
            Ok(Turned::Settled(epoch)) => kernel::from_micros(epoch.ends_at_us),
            Ok(Turned::Again) => None,
            Err(why) => {
                tracing::error!(error = ?why, "the epoch could not be turned; trying again");
                None
            }
        };
        let waiting = wait(&store, settled, pause);
        if stop.run_until_cancelled(waiting).await.is_none() {
            return Ok(());
        }
        pause = if settled.is_some() { SOON } else { LATEST.min(pause * 2) };
    }
}

/// Waits for the end of the epoch, looking in now and then all the same so that opened keys leave memory; or for another try.
async fn wait(store: &Store, settled_until: Option<Timestamp>, pause: Duration) {
    let Some(until) = settled_until else { return tokio::time::sleep(pause).await };
    tokio::select! {
        () = store.clock().sleep_until(until) => {}
        () = tokio::time::sleep(NOW_AND_THEN) => {}
    }
}

/// Finishes shreddings at the start and ever so often, until it is told to stop.
pub async fn finish_shreddings(store: Arc<Store>, every: NonZeroU32, stop: CancellationToken) -> anyhow::Result<()> {
    let every = Duration::from_secs(every.get().into());
    let mut pause = SOON;
    loop {
        let rest = match store.sweep().await {
            Ok(finished) => {
                if finished > 0 {
                    tracing::warn!(finished, "finished {finished} shreddings that a process had begun and not ended");
                }
                every
            }
            Err(why) => {
                tracing::error!(error = ?why, "unfinished shreddings could not all be finished; trying again");
                pause = LATEST.min(pause * 2);
                pause
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
            return Ok(());
        }
    }
}
