//! The inbox: an event has its effect once, however often it comes.

use crate::TenantTx;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid};
use diesel::{QueryResult, QueryableByName};
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::EventId;
use std::collections::HashSet;

/// Whether this consumer meets the event for the first time. The answer is kept with the transaction.
///
/// # Errors
/// The query failed.
pub async fn first_time(tx: &mut TenantTx, consumer: &str, event: EventId) -> QueryResult<bool> {
    Ok(first_times(tx, consumer, &[event]).await?.contains(&event))
}

/// Which of the events this consumer meets for the first time, in one statement.
///
/// # Errors
/// The query failed.
pub async fn first_times(tx: &mut TenantTx, consumer: &str, events: &[EventId]) -> QueryResult<HashSet<EventId>> {
    #[derive(QueryableByName)]
    struct New {
        #[diesel(sql_type = Uuid)]
        event_id: uuid::Uuid,
    }
    let now = tx.clock().now().to_diesel();
    let ids: Vec<uuid::Uuid> = events.iter().map(kernel::EventId::uuid).collect();
    let new = diesel::sql_query(
        "INSERT INTO infra.inbox (consumer, event_id, handled_at) SELECT $1, id, $3 FROM unnest($2) AS id ON CONFLICT DO NOTHING RETURNING event_id",
    )
    .bind::<Text, _>(consumer)
    .bind::<Array<Uuid>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .load::<New>(tx.conn())
    .await?;
    Ok(new.into_iter().map(|row| EventId::from(row.event_id)).collect())
}
