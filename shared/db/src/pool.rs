//! The pool, and what is done with a connection that belongs to no tenant.

use crate::{DbError, Journal, housekeeping};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{
    AnsiTransactionManager as Manager, AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _, TransactionManager as _,
};
use kernel::Clock;
use runtime::{Runtime, Secret, Stage};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{error::Elapsed, timeout};

/// Where a service's database is.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `postgres://role:password@host:port/database`.
    pub url: Secret,
    /// Times the number of processes, this must stay below the server's `max_connections`.
    pub max_connections: u32,
    /// How long a transaction or a read may take, from its connection to its commit; whoever waits longer gets [`DbError::Unavailable`].
    pub answer_within: Duration,
}

impl DatabaseConfig {
    /// With this service's deadline: longer than the server lets one statement run, so what it ends here is a server that does not answer at all.
    pub fn new(url: Secret, max_connections: u32) -> Self {
        Self { url, max_connections, answer_within: Duration::from_secs(20) }
    }
}

/// A connection that waits longer than this for a free place in the pool is given up.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);

/// Said once on every connection. A transaction whose process is frozen loses its locks after ten seconds.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '5s'; SET statement_timeout = '15s'; \
                       SET default_transaction_isolation = 'read committed'; SET timezone = 'UTC'";

async fn establish(url: &str) -> diesel::ConnectionResult<AsyncPgConnection> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    connection.batch_execute(SESSION).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// A service's database. Clones share the pool.
#[derive(Clone)]
pub struct Db {
    pub(crate) pool: Pool<AsyncPgConnection>,
    pub(crate) deadline: Deadline,
    pub(crate) runtime: Runtime,
    pub(crate) wake_relay: Arc<Notify>,
    journal: Journal,
}

impl Db {
    /// A pool of connections; the first one is made when it is needed, so a database that is away does not keep a service from starting.
    ///
    /// # Errors
    /// The pool cannot be set up.
    pub async fn connect(config: &DatabaseConfig, runtime: &Runtime) -> Result<Self, DbError> {
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(|url| {
            Box::pin(async move {
                // A server that is frozen takes connections and says nothing.
                match timeout(WAIT_FOR_CONNECTION, establish(url)).await {
                    Ok(connection) => connection,
                    Err(Elapsed { .. }) => Err(diesel::ConnectionError::BadConnection("the server does not answer".to_owned())),
                }
            })
        });
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(config.url.expose(), manager);
        let pool = Pool::builder()
            .max_size(config.max_connections)
            .connection_timeout(WAIT_FOR_CONNECTION)
            .test_on_check_out(false)
            .build(manager)
            .await
            .map_err(|_| DbError::Unavailable)?;
        let wake_relay = Arc::new(Notify::new());
        let deadline = Deadline(config.answer_within);
        let journal = Journal::start(pool.clone(), deadline, runtime, wake_relay.clone());
        let db = Self { pool, deadline, runtime: runtime.clone(), wake_relay, journal };
        let swept = db.clone();
        runtime.spawn(Stage::Work, "housekeeping", |stop| housekeeping::run(swept, stop));
        Ok(db)
    }

    /// A connection of the pool; one that died while it lay there is thrown away and another is taken.
    pub(crate) async fn connection(&self) -> Result<PooledConnection<'static, AsyncPgConnection>, DbError> {
        Ok(self.pool.get_owned().await?)
    }

    /// A transaction that belongs to no tenant: it sees schema `infra` and no row of a tenant's table.
    ///
    /// # Errors
    /// What `work` says, and [`DbError`] for the transaction itself.
    pub async fn infra<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'r> AsyncFnOnce(&'r mut AsyncPgConnection) -> Result<T, E>,
        E: From<DbError>,
    {
        tracing::trace!(name, "transaction {name} begins");
        self.deadline.on(self.infra_run(work)).await?
    }

    async fn infra_run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'r> AsyncFnOnce(&'r mut AsyncPgConnection) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut connection = self.connection().await?;
        Manager::begin_transaction(&mut *connection).await.map_err(DbError::from)?;
        let done = work(&mut connection).await;
        match done {
            Ok(value) => {
                Manager::commit_transaction(&mut *connection).await.map_err(DbError::from)?;
                Ok(value)
            }
            Err(error) => {
                Manager::rollback_transaction(&mut *connection).await.map_err(DbError::from)?;
                Err(error)
            }
        }
    }

    /// Where openings of personal values are recorded before they are answered.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Woken whenever something to publish was committed in this process.
    pub fn outbox_signal(&self) -> Arc<Notify> {
        self.wake_relay.clone()
    }

    pub fn clock(&self) -> &Clock {
        self.runtime.clock()
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// How long is waited for a server that may be frozen: its connections stay open and answer nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    /// What `work` says, unless that takes too long. A connection that `work` holds must be one that the pool throws away when it is dropped in the middle.
    pub(crate) async fn on<T>(self, work: impl Future<Output = T>) -> Result<T, DbError> {
        timeout(self.0, work).await.map_err(|Elapsed { .. }| {
            tracing::warn!("the database did not answer in time");
            DbError::Unavailable
        })
    }
}

/// Lets the pool forget this connection when it comes back.
pub(crate) fn throw_away(connection: &mut AsyncPgConnection) {
    Manager::transaction_manager_status_mut(connection).set_in_error();
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.runtime.service())
    }
}
