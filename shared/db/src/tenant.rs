//! A transaction that belongs to a tenant: the only way to a tenant's rows.

use crate::{Db, DbError, outbox};
use diesel_async::pooled_connection::bb8::PooledConnection;
use diesel_async::{AnsiTransactionManager as Manager, AsyncPgConnection, TransactionManager as _};
use events::Outgoing;
use kernel::{Clock, TenantId};
use tracing::Instrument as _;

/// How often a transaction runs before it is given up.
const RUNS: u32 = 5;

/// An open transaction that belongs to one tenant. Only [`Db::tx`] makes one.
pub struct TenantTx {
    connection: PooledConnection<'static, AsyncPgConnection>,
    tenant: TenantId,
    clock: Clock,
    pending: Vec<Outgoing>,
}

/// Work that can run again: an async closure whose future may move between threads.
/// (Stable Rust has no way to say that of `AsyncFn` alone, hence both bounds.)
pub trait Work<A, R>: AsyncFn(A) -> R + Fn(A) -> <Self as Work<A, R>>::Running {
    type Running: Future<Output = R>;
}

impl<F, A, R, Running> Work<A, R> for F
where
    F: AsyncFn(A) -> R + Fn(A) -> Running,
    Running: Future<Output = R>,
{
    type Running = Running;
}

impl TenantTx {
    /// The connection, inside the transaction.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }

    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Tells of the change when, and only when, the transaction commits. All events of a transaction stand in one row of the outbox, in this order.
    pub fn publish(&mut self, event: Outgoing) {
        let traceparent = event.traceparent.clone().or_else(runtime::telemetry::traceparent);
        self.pending.push(event.with_traceparent(traceparent));
    }

    async fn begin(db: &Db, tenant: TenantId) -> Result<Self, DbError> {
        let mut connection = db.connection().await?;
        // One round trip; the setting ends with the transaction. An id has no characters that could end the literal.
        let begin = format!("BEGIN; SET LOCAL app.tenant = '{tenant}'");
        Manager::begin_transaction_sql(&mut *connection, &begin).await?;
        Ok(Self { connection, tenant, clock: db.clock().clone(), pending: Vec::new() })
    }

    /// Commits; says whether there is something to publish.
    async fn commit(mut self) -> Result<bool, DbError> {
        let tells = !self.pending.is_empty();
        if tells {
            outbox::insert(&mut self.connection, &self.pending, self.clock.now()).await?;
        }
        Manager::commit_transaction(&mut *self.connection).await?;
        Ok(tells)
    }

    async fn roll_back(mut self) {
        // When this fails, the pool sees an open transaction and throws the connection away.
        if let Err(cause) = Manager::rollback_transaction(&mut *self.connection).await {
            tracing::debug!(?cause, "a transaction could not be rolled back");
        }
    }
}

impl Db {
    /// Runs `work` in a transaction of this tenant. It runs again when PostgreSQL says that two transactions got in each other's way, so it must have no
    /// effect outside the transaction.
    ///
    /// # Errors
    /// What `work` says, and [`DbError`] for the transaction itself.
    pub async fn tx<T, E, F>(&self, tenant: TenantId, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'r> AsyncFn(&'r mut TenantTx) -> Result<T, E> + for<'r> Work<&'r mut TenantTx, Result<T, E>, Running: Send> + Send + Sync,
        E: From<DbError> + std::error::Error + Send + 'static,
        T: Send,
    {
        let span = tracing::info_span!("transaction", name, %tenant);
        self.runs(tenant, name, work).instrument(span).await
    }

    async fn runs<T, E, F>(&self, tenant: TenantId, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'r> AsyncFn(&'r mut TenantTx) -> Result<T, E> + for<'r> Work<&'r mut TenantTx, Result<T, E>, Running: Send> + Send + Sync,
        E: From<DbError> + std::error::Error + Send + 'static,
        T: Send,
    {
        let mut run = 1;
        loop {
            // Dropped in the middle, its connection has an open transaction, and the pool throws it away.
            match self.deadline.on(self.run(tenant, &work)).await.unwrap_or_else(|late| Err(late.into())) {
                Err(error) if run < RUNS && DbError::asks_for_another_run(&error) => {
                    tracing::debug!(name, run, "transaction {name} runs again");
                    run += 1;
                }
                done => return done,
            }
        }
    }

    async fn run<T, E, F>(&self, tenant: TenantId, work: &F) -> Result<T, E>
    where
        F: for<'r> AsyncFn(&'r mut TenantTx) -> Result<T, E> + for<'r> Work<&'r mut TenantTx, Result<T, E>, Running: Send> + Send + Sync,
        E: From<DbError> + std::error::Error + Send + 'static,
        T: Send,
    {
        let mut tx = TenantTx::begin(self, tenant).await?;
        match work(&mut tx).await {
            Ok(value) => {
                if tx.commit().await? {
                    self.wake_relay.notify_one();
                }
                Ok(value)
            }
            Err(error) => {
                tx.roll_back().await;
                Err(error)
            }
        }
    }
}
