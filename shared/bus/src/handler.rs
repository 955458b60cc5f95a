//! What a consumer does with an event, and the two ways in which it can fail.

use events::{Incoming, Topic};
use std::pin::Pin;

/// Why an event was not handled.
#[derive(Debug)]
pub enum Rejected {
    /// Something it needs is away: the same event is tried again, for as long as it takes; its partition waits, others go on.
    Retry(anyhow::Error),
    /// It can never be handled: it goes to the service's dead letters.
    Poison(anyhow::Error),
}

impl From<db::DbError> for Rejected {
    fn from(error: db::DbError) -> Self {
        Self::Retry(error.into())
    }
}

impl From<events::Undecodable> for Rejected {
    fn from(error: events::Undecodable) -> Self {
        Self::Poison(error.into())
    }
}

/// Handles the events of some topics: in the order of each partition, at least once each.
pub trait Handler: Send + Sync + 'static {
    /// How many events it takes at once.
    const MAX_BATCH: usize = 1;

    /// What it hears.
    fn topics(&self) -> Vec<&'static Topic>;

    /// Handles one event. The inbox row and the effect belong in one transaction.
    fn handle(&self, event: Incoming) -> impl Future<Output = Result<(), Rejected>> + Send;

    /// Handles events of one partition together. Poison among them is found by handling them one by one.
    fn handle_batch(&self, events: Vec<Incoming>) -> impl Future<Output = Result<(), Rejected>> + Send {
        async move {
            for event in events {
                self.handle(event).await?;
            }
            Ok(())
        }
    }
}

type Handled<'a> = Pin<Box<dyn Future<Output = Result<(), Rejected>> + Send + 'a>>;

/// A handler of any type.
pub(crate) trait AnyHandler: Send + Sync + 'static {
    fn max_batch(&self) -> usize;
    fn topics(&self) -> Vec<&'static Topic>;
    fn handle_batch(&self, events: Vec<Incoming>) -> Handled<'_>;
}

impl<H: Handler> AnyHandler for H {
    fn max_batch(&self) -> usize {
        H::MAX_BATCH
    }

    fn topics(&self) -> Vec<&'static Topic> {
        Handler::topics(self)
    }

    fn handle_batch(&self, events: Vec<Incoming>) -> Handled<'_> {
        Box::pin(Handler::handle_batch(self, events))
    }
}
