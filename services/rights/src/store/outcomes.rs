//! Answers to the phases of a case.

use super::schema::outcomes;
use crate::error::Error;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use events::platform::{RightsOutcome, RightsPhase, RightsResult};
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

/// Forgets what services answered that found something left after they had erased: that they had, and what they found. Says whether any did.
pub async fn forget_refused_scans(tx: &mut TenantTx, case: Uuid) -> Result<bool, Error> {
    let (erase, scan) = (i32::from(RightsPhase::Erase), i32::from(RightsPhase::Scan));
    let (tenant, refused) = (tx.tenant().uuid(), RightsResult::Refused);
    let theirs = outcomes::tenant_id.eq(tenant).and(outcomes::case_id.eq(case));
    let scans: Vec<(String, Vec<u8>)> =
        outcomes::table.filter(theirs.and(outcomes::phase.eq(scan))).select((outcomes::service, outcomes::answer)).load(tx.conn()).await?;
    let mut left = Vec::new();
    for (service, answer) in scans {
        if RightsOutcome::decode(answer.as_slice())?.result() == refused {
            left.push(service);
        }
    }
    let again = outcomes::phase.eq_any([erase, scan]).and(outcomes::service.eq_any(&left));
    diesel::delete(outcomes::table.filter(theirs.and(again))).execute(tx.conn()).await?;
    Ok(!left.is_empty())
}

/// Forgets what was answered in a case.
pub async fn forget(tx: &mut TenantTx, case: Uuid) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::delete(outcomes::table.filter(outcomes::tenant_id.eq(tenant).and(outcomes::case_id.eq(case))))
        .execute(tx.conn())
        .await
        .map(drop)
}
