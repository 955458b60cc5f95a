//! The outbox: what a transaction tells of stands in the database until the broker has it.

use crate::schema::{outbox, outbox_dead};
use crate::{Db, DbError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use events::Outgoing;
use events::outbox::NoBatch;
use jiff_diesel::ToDiesel as _;
use kernel::{Clock, EventId, Timestamp};

/// The lock by which one relay at a time works on a database; it ends with the transaction.
const RELAY: i64 = 0x6d78_7472_0001;

/// A round takes no more rows when it has this many bytes of events: it has to be over before the server ends its transaction.
const ROUND: i64 = 8 << 20;

/// What a relay did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relayed {
    /// How many rows were published and are gone.
    pub rows: usize,
    /// Everything that was recorded up to here is published, by the real clock; `None` while rows are left or another relay is at work.
    pub published_until: Option<Timestamp>,
}

/// Writes the events of a transaction into one row.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, events: &[Outgoing], now: Timestamp) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values((outbox::batch.eq(events::outbox::encode(events)), outbox::created_at.eq(now.to_diesel())))
        .execute(connection)
        .await
        .map(drop)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    batch: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    created_at: jiff_diesel::Timestamp,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

#[derive(QueryableByName)]
struct Oldest {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    began_at: Option<jiff_diesel::Timestamp>,
}

/// Takes up to `limit` rows in their order, hands their events to `produce`, and forgets the rows when, and only when, it succeeds. What `produce` names as
/// refused for ever is put aside, so that it stops nothing behind it.
/// One relay at a time: with another at work it does nothing. A crash after `produce` repeats events; none is lost, and none of a key overtakes another.
///
/// # Errors
/// What `produce` says, and [`DbError`]; the rows are still there then.
pub async fn relay_batch<F, E>(db: &Db, limit: i64, produce: F) -> Result<Relayed, E>
where
    F: AsyncFnOnce(Vec<Outgoing>) -> Result<Vec<EventId>, E>,
    E: From<DbError>,
{
    db.infra("outbox.relay", async |connection: &mut AsyncPgConnection| {
        if !lock(connection).await.map_err(DbError::from)? {
            return Ok(Relayed { rows: 0, published_until: None });
        }
        // Before the rows are looked at: whatever commits later has begun by then, or has not been recorded yet.
        let recorded_until = oldest_writer(connection).await.map_err(DbError::from)?;
        let rows = take(connection, limit).await.map_err(DbError::from)?;
        let bytes: usize = rows.iter().map(|row| row.batch.len()).sum();
        let some_left = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit || i64::try_from(bytes).unwrap_or(i64::MAX) >= ROUND;
        let events = readable(connection, &rows).await.map_err(DbError::from)?;
        if !events.is_empty() {
            let refused = produce(events).await?;
            put_aside(connection, &rows, &refused).await.map_err(DbError::from)?;
        }
        Ok(Relayed { rows: rows.len(), published_until: (!some_left).then_some(recorded_until) })
    })
    .await
}

async fn lock(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let row = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked")
        .bind::<BigInt, _>(RELAY)
        .get_result::<Locked>(connection)
        .await?;
    Ok(row.locked)
}

async fn take(connection: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<Row>> {
    let mut rows: Vec<Row> = diesel::sql_query(
        "DELETE FROM infra.outbox WHERE id IN (SELECT id FROM (\
           SELECT id, sum(octet_length(batch)) OVER (ORDER BY id) - octet_length(batch) AS before \
           FROM (SELECT id, batch FROM infra.outbox ORDER BY id LIMIT $1) AS first) AS counted WHERE before < $2) \
         RETURNING id, batch, created_at",
    )
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(ROUND)
    .load(connection)
    .await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// The events of the rows; a row that cannot be read is put aside as it is.
async fn readable(connection: &mut AsyncPgConnection, rows: &[Row]) -> QueryResult<Vec<Outgoing>> {
    let mut all = Vec::new();
    for row in rows {
        match events::outbox::decode(&row.batch) {
            Ok(events) => all.extend(events),
            Err(NoBatch) => bury(connection, row, &row.batch).await?,
        }
    }
    Ok(all)
}

/// Keeps those of the rows' events that are refused for ever for a person to look at.
async fn put_aside(connection: &mut AsyncPgConnection, rows: &[Row], refused: &[EventId]) -> QueryResult<()> {
    for row in rows.iter().filter(|_| !refused.is_empty()) {
        let mut events = events::outbox::decode(&row.batch).unwrap_or_default();
        events.retain(|event| refused.contains(&event.event_id));
        if !events.is_empty() {
            bury(connection, row, &events::outbox::encode(&events)).await?;
        }
    }
    Ok(())
}

async fn bury(connection: &mut AsyncPgConnection, row: &Row, batch: &[u8]) -> QueryResult<()> {
    tracing::error!(row = row.id, "a row of the outbox cannot be published; it stands in infra.outbox_dead");
    diesel::insert_into(outbox_dead::table)
        .values((outbox_dead::id.eq(row.id), outbox_dead::batch.eq(batch), outbox_dead::created_at.eq(row.created_at)))
        .execute(connection)
        .await
        .map(drop)
}

/// When the oldest transaction that may still write to the outbox began; now, where there is none. PostgreSQL's clock and ours may differ: the lease of
/// whoever relies on it counts that in.
async fn oldest_writer(connection: &mut AsyncPgConnection) -> QueryResult<Timestamp> {
    let now = Clock::real_now();
    let oldest: Oldest = diesel::sql_query(
        "SELECT min(xact_start) AS began_at FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND usename = current_user AND xact_start IS NOT NULL",
    )
    .get_result(connection)
    .await?;
    Ok(oldest.began_at.map_or(now, |began_at| began_at.to_jiff().min(now)))
}
