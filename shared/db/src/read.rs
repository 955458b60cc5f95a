//! Single reads: begin, tenant, query and commit without waiting between them.

use crate::pool::throw_away;
use crate::{Db, DbError};
use diesel::QueryResult;
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use kernel::TenantId;
use tracing::Instrument as _;

impl Db {
    /// The rows of one query, read as this tenant. Costs one round trip: the query follows `BEGIN` without waiting, and nobody waits for the `COMMIT`.
    /// It runs to its end also when the caller goes away, so a connection never returns to the pool with a transaction open.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn read<Q, U>(&self, tenant: TenantId, name: &'static str, query: Q) -> Result<Vec<U>, DbError>
    where
        Q: for<'c, 'q> LoadQuery<'q, &'c AsyncPgConnection, U> + Send + 'static,
        U: Send + 'static,
    {
        let db = self.clone();
        let span = tracing::info_span!("read", name, %tenant);
        let reading = async move {
            let mut owned = db.connection().await?;
            let connection: &AsyncPgConnection = &owned;
            let begin = format!("BEGIN READ ONLY; SET LOCAL app.tenant = '{tenant}'");
            let mut opens = connection;
            let answer = futures_util::future::join(opens.batch_execute(&begin), load(connection, query));
            let (opening, rows) = match db.deadline.on(answer).await {
                Ok(answer) => answer,
                Err(late) => {
                    throw_away(&mut owned);
                    return Err(late);
                }
            };
            // Sent, not waited for: whatever is asked on this connection next stands in line behind it. It also ends a failed transaction.
            drop((&mut &*connection).batch_execute("COMMIT").now_or_never());
            opening?;
            Ok(rows?)
        };
        tokio::spawn(reading.instrument(span)).await.unwrap_or(Err(DbError::Unavailable))
    }
}

async fn load<Q, U>(mut connection: &AsyncPgConnection, query: Q) -> QueryResult<Vec<U>>
where
    Q: for<'c, 'q> LoadQuery<'q, &'c AsyncPgConnection, U> + Send + 'static,
    U: Send + 'static,
{
    query.load::<U>(&mut connection).await
}
