//! Tokens of people who must not be brought in (again).

use super::schema::suppressions;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use std::collections::HashSet;

/// Which of these tokens are suppressed.
pub async fn among(db: &Db, tenant: TenantId, tokens: Vec<Vec<u8>>) -> Result<HashSet<Vec<u8>>, DbError> {
    let query = suppressions::table
        .filter(suppressions::tenant_id.eq(tenant.uuid()).and(suppressions::token.eq_any(tokens)))
        .select(suppressions::token);
    Ok(db.read::<_, Vec<u8>>(tenant, "contacts.suppressed", query).await?.into_iter().collect())
}

/// Whether any of these tokens is suppressed, inside a transaction that has just inserted or changed somebody.
pub async fn any(tx: &mut TenantTx, tokens: &[Vec<u8>]) -> QueryResult<bool> {
    let tenant = tx.tenant().uuid();
    let these = suppressions::table.filter(suppressions::tenant_id.eq(tenant).and(suppressions::token.eq_any(tokens)));
    diesel::select(diesel::dsl::exists(these)).get_result(tx.conn()).await
}

/// Suppresses a token.
pub async fn insert(tx: &mut TenantTx, token: &[u8]) -> QueryResult<()> {
    let (tenant, now) = (tx.tenant().uuid(), tx.clock().now().to_diesel());
    diesel::insert_into(suppressions::table)
        .values((suppressions::tenant_id.eq(tenant), suppressions::token.eq(token), suppressions::created_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await
        .map(drop)
}
