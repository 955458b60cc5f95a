//! Which service decides by which version since when.

use super::schema::{acknowledgements, states};
use db::TenantTx;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::{SubjectId, Timestamp};

/// Keeps that a service has taken a version in; the first time stays. Of somebody who was forgotten meanwhile nothing is kept.
pub async fn insert(tx: &mut TenantTx, subject: SubjectId, service: &str, version: i64, applied_at: Timestamp) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    let known: Option<i64> = states::table.find((tenant, subject.uuid())).select(states::version).first(tx.conn()).await.optional()?;
    if known.is_none() {
        return Ok(());
    }
    diesel::insert_into(acknowledgements::table)
        .values((
            acknowledgements::tenant_id.eq(tenant),
            acknowledgements::subject_id.eq(subject.uuid()),
            acknowledgements::service.eq(service),
            acknowledgements::version.eq(version),
            acknowledgements::applied_at.eq(applied_at.to_diesel()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await
        .map(drop)
}

/// When each service first decided by this version or a later one.
pub async fn of_version(tx: &mut TenantTx, subject: SubjectId, version: i64) -> QueryResult<Vec<(String, jiff_diesel::Timestamp)>> {
    let tenant = tx.tenant().uuid();
    acknowledgements::table
        .filter(acknowledgements::tenant_id.eq(tenant).and(acknowledgements::subject_id.eq(subject.uuid())))
        .filter(acknowledgements::version.ge(version))
        .group_by(acknowledgements::service)
        .select((acknowledgements::service, diesel::dsl::min(acknowledgements::applied_at).assume_not_null()))
        .load(tx.conn())
        .await
}
