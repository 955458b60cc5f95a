//! Answers to the phases of a case.

use super::schema::outcomes;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use events::platform::RightsOutcome;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use prost::Message as _;
use uuid::Uuid;

/// Keeps an answer, in place of an earlier one of the same service to the same phase. The person's id and the parts are not kept in it.
pub async fn put(tx: &mut TenantTx, case: Uuid, outcome: &RightsOutcome) -> QueryResult<()> {
    let kept = RightsOutcome { subject_id: Vec::new(), found_subject_ids: Vec::new(), parts: Vec::new(), ..outcome.clone() };
    let now = tx.clock().now().to_diesel();
    diesel::insert_into(outcomes::table)
        .values((
            outcomes::tenant_id.eq(tx.tenant().uuid()),
            outcomes::case_id.eq(case),
            outcomes::phase.eq(outcome.phase),
            outcomes::service.eq(&outcome.service),
            outcomes::answer.eq(kept.encode_to_vec()),
            outcomes::answered_at.eq(now),
        ))
        .on_conflict((outcomes::tenant_id, outcomes::case_id, outcomes::phase, outcomes::service))
        .do_update()
        .set((outcomes::answer.eq(excluded(outcomes::answer)), outcomes::answered_at.eq(excluded(outcomes::answered_at))))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Every answer of a case, phase by phase.
pub async fn of_case(tx: &mut TenantTx, case: Uuid) -> QueryResult<Vec<Vec<u8>>> {
    let tenant = tx.tenant().uuid();
    outcomes::table
        .filter(outcomes::tenant_id.eq(tenant).and(outcomes::case_id.eq(case)))
        .order((outcomes::phase, outcomes::service))
        .select(outcomes::answer)
        .load(tx.conn())
        .await
}

/// The same, in one round trip.
pub async fn read(db: &Db, tenant: TenantId, case: Uuid) -> Result<Vec<Vec<u8>>, DbError> {
    let query = outcomes::table
        .filter(outcomes::tenant_id.eq(tenant.uuid()).and(outcomes::case_id.eq(case)))
        .order((outcomes::phase, outcomes::service))
        .select(outcomes::answer);
    db.read(tenant, "rights.outcomes", query).await
}

/// Forgets what was answered in a case.
pub async fn forget(tx: &mut TenantTx, case: Uuid) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::delete(outcomes::table.filter(outcomes::tenant_id.eq(tenant).and(outcomes::case_id.eq(case))))
        .execute(tx.conn())
        .await
        .map(drop)
}
