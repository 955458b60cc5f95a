//! Reads whose caller goes away.

use crate::tenants::seen_without_a_tenant;
use crate::world::{database, put, sessions, tenant, values};
use diesel::sql_types::Integer;
use futures_util::FutureExt as _;
use kernel::TenantId;
use testkit::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_nobody_waits_for_leaves_no_transaction_open_and_no_tenant_set() {
    let (database, db) = database().await;
    put(&db, tenant(1), &[1]).await;
    put(&db, tenant(2), &[2]).await;
    for _ in 0..50 {
        let query = diesel::dsl::select(diesel::dsl::sql::<Integer>("1 FROM pg_sleep(0.005)"));
        let mut reading = Box::pin(db.read::<_, i32>(tenant(1), "test.cancelled", query));
        assert!((&mut reading).now_or_never().is_none(), "it has begun and is not done");
        drop(reading);
    }
    assert_eq!(values(&db, tenant(2)).await, [(2, 0)], "the next caller is another tenant and sees its own");
    assert_eq!(values(&db, TenantId::HOUSE).await, [], "and nobody's");
    until("all of them have ended", || async { sessions(&database).await.iter().all(|(_, state)| state == "idle") }).await;
    // At once, so that every connection of the pool is asked.
    let without_a_tenant = futures_util::future::join_all((0..50).map(|_| seen_without_a_tenant(&db))).await;
    assert!(without_a_tenant.into_iter().all(|seen| seen.unwrap() == 0), "a connection still has somebody's tenant");
}
