//! What a service has heard of others, as the check of a caller asks for it.

use bus::{Stale, State, View};
use std::sync::Arc;
use std::time::Duration;

/// A view of a topic; in tests of this crate a map that does not change.
pub(crate) enum Known<V> {
    Heard(Arc<View<V>>),
    #[cfg(test)]
    Fixed {
        states: std::collections::HashMap<[u8; 16], Arc<V>>,
        stale: bool,
    },
}

impl<V: State> Known<V> {
    pub fn fresh(&self, lease: Duration) -> Result<(), Stale> {
        match self {
            Self::Heard(view) => view.fresh(lease),
            #[cfg(test)]
            Self::Fixed { stale, .. } => {
                if *stale {
                    Err(Stale { topic: "a test" })
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The state of a key; one that has not been heard of yet is waited for.
    pub async fn wait_for(&self, key: &[u8; 16], patience: Duration) -> Option<Arc<V>> {
        match self {
            Self::Heard(view) => match view.get(key) {
                Some(state) => Some(state),
                None => view.wait_for(key, patience).await,
            },
            #[cfg(test)]
            Self::Fixed { states, .. } => match states.get(key) {
                Some(state) => Some(state.clone()),
                // As a view does: the answer comes later, not in the same turn.
                None => tokio::time::timeout(patience / 10, std::future::pending()).await.ok(),
            },
        }
    }
}
