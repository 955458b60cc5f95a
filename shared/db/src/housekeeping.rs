//! What `infra` keeps for a time only goes when its time is over.

use crate::{Db, DbError};
use diesel::sql_types::{Integer, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use jiff::ToSpan as _;
use jiff_diesel::ToDiesel as _;
use kernel::Timestamp;
use tokio_util::sync::CancellationToken;

/// How often is looked, by the clock that the service lives by.
const EVERY_MINUTES: i64 = 10;
/// How long it is known that an event was handled: no topic that is heard keeps one for as long (dead letters, the longest, 90 days and 7 for their redrive).
const INBOX_HOURS: i64 = 100 * 24;
/// Rows a transaction: whoever waits for a watermark must not wait for us.
const ROWS: i32 = 2_000;

/// Tables, and the rows of each that have had their time before a moment.
const SWEEPS: [(&str, i64); 2] = [
    ("DELETE FROM infra.inbox WHERE ctid = ANY (ARRAY (SELECT ctid FROM infra.inbox WHERE handled_at < $1 LIMIT $2))", INBOX_HOURS),
    ("DELETE FROM infra.idempotency WHERE ctid = ANY (ARRAY (SELECT ctid FROM infra.idempotency WHERE expires_at < $1 LIMIT $2))", 0),
];

/// Sweeps now and then until it is told to stop. A database that is away is asked again next time.
pub(crate) async fn run(db: Db, stop: CancellationToken) -> anyhow::Result<()> {
    let clock = db.clock().clone();
    loop {
        let next = clock.now().checked_add(EVERY_MINUTES.minutes())?;
        if stop.run_until_cancelled(clock.sleep_until(next)).await.is_none() {
            return Ok(());
        }
        if let Some(Err(cause)) = stop.run_until_cancelled(sweep(&db, clock.now())).await {
            tracing::debug!(%cause, "what had its time could not be swept away yet");
        }
    }
}

async fn sweep(db: &Db, now: Timestamp) -> Result<(), DbError> {
    for (delete, hours) in SWEEPS {
        let before = now.checked_sub(hours.hours()).unwrap_or(Timestamp::MIN);
        while some_went(db, delete, before).await? == ROWS.unsigned_abs() {}
    }
    Ok(())
}

async fn some_went(db: &Db, delete: &str, before: Timestamp) -> Result<u32, DbError> {
    db.infra("housekeeping.sweep", async |connection: &mut AsyncPgConnection| {
        let query = diesel::sql_query(delete).bind::<Timestamptz, _>(before.to_diesel()).bind::<Integer, _>(ROWS);
        Ok(u32::try_from(query.execute(connection).await?).unwrap_or_default())
    })
    .await
}
