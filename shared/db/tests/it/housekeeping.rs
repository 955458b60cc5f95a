//! What is kept for a time goes when its time is over, and not before.

use crate::world::{runtime, tenant};
use db::idempotency::{Claim, claim, finish};
use db::{Db, DbError, TenantTx, inbox};
use jiff::ToSpan as _;
use kernel::{Clock, EventId};
use testkit::until;

fn move_on(clock: &Clock, hours: i64) {
    clock.advance_to(clock.now().checked_add(hours.hours()).unwrap()).unwrap();
}

/// Whether the event is handled for the first time, and what is known of the key.
async fn meet(db: &Db, event: EventId, key: &'static str) -> (bool, Claim) {
    let met: Result<_, DbError> = db
        .tx(tenant(1), "test.meet", async |tx: &mut TenantTx| {
            let first = inbox::first_time(tx, "test", event).await?;
            let claim = claim(tx, key, b"body").await?;
            finish(tx, key, 201, None).await?;
            Ok((first, claim))
        })
        .await;
    met.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn handled_events_are_known_for_a_hundred_days_and_keys_of_requests_for_one() {
    let database = testkit::database(kernel::Service::Contacts, crate::world::THINGS).await;
    let rt = runtime();
    let (clock, db) = (rt.clock().clone(), database.connect(&rt).await);
    let sql = database.superuser().await;
    let rows = async |table: &str| sql.query_one(&format!("SELECT count(*) FROM infra.{table}"), &[]).await.unwrap().get::<_, i64>(0);
    let event = EventId::new(&clock);
    assert_eq!(meet(&db, event, "first").await, (true, Claim::First));
    // One that is over every time the housekeeper came by shows that it did.
    let swept = async |hours: i64| {
        sql.execute("INSERT INTO infra.inbox (consumer, event_id, handled_at) VALUES ('marker', gen_random_uuid(), '-infinity')", &[])
            .await
            .unwrap();
        move_on(&clock, hours);
        until("the housekeeper came by", || async {
            sql.query_one("SELECT count(*) FROM infra.inbox WHERE consumer = 'marker'", &[]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
    };
    swept(23).await;
    assert_eq!((rows("inbox").await, rows("idempotency").await), (1, 1));
    swept(2).await;
    until("the key is forgotten", || async { rows("idempotency").await == 0 }).await;
    swept(98 * 24).await;
    assert_eq!(rows("inbox").await, 1, "99 days");
    swept(48).await;
    assert_eq!(rows("inbox").await, 0);
}
