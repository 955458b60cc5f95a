//! What keyring does by itself: turning the epoch when its time has come, and finishing what a dead process had begun.

use crate::ops::{Store, Turned};
use kernel::Timestamp;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon what did not settle is tried again. Real time: a test clock may stand still.
const SOON: Duration = Duration::from_millis(500);

/// How often a settled store is looked at.
const NOW_AND_THEN: Duration = Duration::from_secs(30);

/// Turns epochs until it is told to stop.
pub async fn turn_epochs(store: Arc<Store>, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let rest = match store.turn().await {
            Ok(Turned::Settled(epoch)) => kernel::from_micros(epoch.ends_at_us),
            Ok(Turned::Again) => None,
            Err(why) => {
                tracing::error!(error = ?why, "the epoch could not be turned; trying again");
                None
            }
        };
        if stop.run_until_cancelled(wait(&store, rest)).await.is_none() {
            return Ok(());
        }
    }
}

/// Waits for the end of the epoch. Looks in now and then all the same, so that opened keys leave memory.
async fn wait(store: &Store, until: Option<Timestamp>) {
    let Some(until) = until else { return tokio::time::sleep(SOON).await };
    tokio::select! {
        () = store.clock().sleep_until(until) => {}
        () = tokio::time::sleep(NOW_AND_THEN) => {}
    }
}

/// Finishes shreddings at the start and ever so often, until it is told to stop.
pub async fn finish_shreddings(store: Arc<Store>, every: NonZeroU32, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let pause = match store.sweep().await {
            Ok(0) => Duration::from_secs(every.get().into()),
            Ok(finished) => {
                tracing::warn!(finished, "finished {finished} shreddings that a process had begun and not ended");
                Duration::from_secs(every.get().into())
            }
            Err(why) => {
                tracing::error!(error = ?why, "unfinished shreddings could not be finished; trying again");
                SOON
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return Ok(());
        }
    }
}
