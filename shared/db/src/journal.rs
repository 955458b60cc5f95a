//! The read journal: an opening is durable before it is answered, and openings at the same time share a commit.

use crate::pool::{Deadline, throw_away};
use crate::{DbError, outbox};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8::Pool;
use events::platform::ReadRecord;
use events::{Outgoing, topics};
use kernel::{Clock, TenantId};
use runtime::{Runtime, Stage};
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, oneshot};

/// At most so many openings share a commit.
const BATCH: usize = 256;

struct Entry {
    event: Outgoing,
    kept: oneshot::Sender<bool>,
}

/// Where openings are recorded.
#[derive(Clone)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
    clock: Clock,
    service: kernel::Service,
}

impl Journal {
    pub(crate) fn start(pool: Pool<AsyncPgConnection>, deadline: Deadline, runtime: &Runtime, wake_relay: Arc<Notify>) -> Self {
        let (entries, waiting) = mpsc::channel(BATCH * 4);
        let clock = runtime.clock().clone();
        runtime.spawn(Stage::Work, "journal", |stop| keep(Keeper { pool, deadline, clock: clock.clone(), wake_relay }, waiting, stop));
        Self { entries, clock, service: runtime.service() }
    }

    /// Returns when the record is committed; it goes to the service's `reads` topic from there.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when it could not be kept: then nothing may be answered.
    pub async fn record(&self, tenant: TenantId, record: &ReadRecord) -> Result<(), DbError> {
        let event = Outgoing::new(topics::reads(self.service), &record.read_id, tenant, &self.clock, record)
            .with_traceparent(runtime::telemetry::traceparent());
        let (kept, wait) = oneshot::channel();
        self.entries.send(Entry { event, kept }).await.map_err(|_| DbError::Unavailable)?;
        if wait.await.unwrap_or(false) { Ok(()) } else { Err(DbError::Unavailable) }
    }
}

struct Keeper {
    pool: Pool<AsyncPgConnection>,
    deadline: Deadline,
    clock: Clock,
    wake_relay: Arc<Notify>,
}

async fn keep(keeper: Keeper, mut waiting: mpsc::Receiver<Entry>, stop: tokio_util::sync::CancellationToken) -> anyhow::Result<()> {
    let mut entries = Vec::with_capacity(BATCH);
    while let Some(count) = stop.run_until_cancelled(waiting.recv_many(&mut entries, BATCH)).await {
        if count == 0 {
            break;
        }
        let (events, waiters): (Vec<_>, Vec<_>) = entries.drain(..).map(|entry| (entry.event, entry.kept)).unzip();
        let kept = keeper.commit(&events).await;
        if let Err(cause) = &kept {
            tracing::warn!(%cause, openings = events.len(), "openings could not be journalled and are refused");
        }
        for waiter in waiters {
            // Whoever does not wait any more has been refused by its own timeout.
            let _gone = waiter.send(kept.is_ok());
        }
    }
    Ok(())
}

impl Keeper {
    /// One row, one statement, one commit.
    async fn commit(&self, events: &[Outgoing]) -> Result<(), DbError> {
        let mut connection = self.pool.get().await?;
        match self.deadline.on(outbox::insert(&mut connection, events, self.clock.now())).await {
            Ok(kept) => kept?,
            Err(late) => {
                throw_away(&mut connection);
                return Err(late);
            }
        }
        self.wake_relay.notify_one();
        Ok(())
    }
}
