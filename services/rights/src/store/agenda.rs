//! When a case is to be looked at again. The rows are the house's: they say that a tenant has a case, and nothing of it.

use super::schema::agenda;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::{TenantId, Timestamp};
use uuid::Uuid;

/// So many cases are looked at before the next ones are fetched.
const AT_ONCE: i64 = 100;

/// Has cases looked at at this time, in place of the time before.
pub async fn put(db: &Db, of: TenantId, cases: &[Uuid], at: Timestamp) -> Result<(), DbError> {
    let rows: Vec<_> = cases
        .iter()
        .map(|case| {
            (
                agenda::tenant_id.eq(TenantId::HOUSE.uuid()),
                agenda::case_id.eq(*case),
                agenda::of_tenant.eq(of.uuid()),
                agenda::look_at.eq(at.to_diesel()),
            )
        })
        .collect();
    db.tx(TenantId::HOUSE, "rights.agenda.put", async |tx: &mut TenantTx| {
        diesel::insert_into(agenda::table)
            .values(&rows)
            .on_conflict((agenda::tenant_id, agenda::case_id))
            .do_update()
            .set(agenda::look_at.eq(at.to_diesel()))
            .execute(tx.conn())
            .await?;
        Ok(())
    })
    .await
}

/// Nothing is left to do for the case.
pub async fn strike(db: &Db, case: Uuid) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "rights.agenda.strike", async |tx: &mut TenantTx| {
        diesel::delete(agenda::table.find((TenantId::HOUSE.uuid(), case))).execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// The next cases, those that are due first: (time, tenant, case).
pub async fn next(db: &Db) -> Result<Vec<(Timestamp, TenantId, Uuid)>, DbError> {
    let query = agenda::table.filter(agenda::tenant_id.eq(TenantId::HOUSE.uuid())).order(agenda::look_at).limit(AT_ONCE).select((
        agenda::look_at,
        agenda::of_tenant,
        agenda::case_id,
    ));
    let rows: Vec<(jiff_diesel::Timestamp, Uuid, Uuid)> = db.read(TenantId::HOUSE, "rights.agenda", query).await?;
    Ok(rows.into_iter().map(|(at, tenant, case)| (at.to_jiff(), tenant.into(), case)).collect())
}
