//! Tokens of people who must not be brought in (again).

use super::schema::suppressions;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::TenantId;
use std::collections::HashSet;

/// What sets locks on a tenant's suppressions apart from other advisory locks.
const SUPPRESSIONS: i32 = 0x7375_7070;

/// Which of these tokens are suppressed.
pub async fn among(db: &Db, tenant: TenantId, tokens: Vec<Vec<u8>>) -> Result<HashSet<Vec<u8>>, DbError> {
    let query = suppressions::table
        .filter(suppressions::tenant_id.eq(tenant.uuid()).and(suppressions::token.eq_any(tokens)))
        .select(suppressions::token);
    Ok(db.read::<_, Vec<u8>>(tenant, "contacts.suppressed", query).await?.into_iter().collect())
}

/// Whether any of these tokens is suppressed, inside a transaction that has just inserted or changed somebody, and changes nobody after this. Whoever is being
/// erased at this moment is waited for.
pub async fn any(tx: &mut TenantTx, tokens: &[Vec<u8>]) -> QueryResult<bool> {
    let tenant = tx.tenant().uuid();
    // In a statement of its own: the next one sees what was committed while this one waited.
    hold(tx, "SELECT pg_advisory_xact_lock_shared($1, $2)").await?;
    let these = suppressions::table.filter(suppressions::tenant_id.eq(tenant).and(suppressions::token.eq_any(tokens)));
    diesel::select(diesel::dsl::exists(these)).get_result(tx.conn()).await
}

/// Suppresses a token. Whoever has looked whether it is suppressed is waited for, and whoever looks waits until the transaction ends.
pub async fn insert(tx: &mut TenantTx, token: &[u8]) -> QueryResult<()> {
    let (tenant, now) = (tx.tenant().uuid(), tx.clock().now().to_diesel());
    hold(tx, "SELECT pg_advisory_xact_lock($1, $2)").await?;
    diesel::insert_into(suppressions::table)
        .values((suppressions::tenant_id.eq(tenant), suppressions::token.eq(token), suppressions::created_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Takes the lock of the tenant's suppressions, shared or alone, until the transaction ends. A number is in no unique index that would make the two who write it
/// meet. One lock for all of a tenant's tokens, which a chunk of a thousand people takes in no time; those who look keep nobody waiting but an erasure.
async fn hold(tx: &mut TenantTx, lock: &str) -> QueryResult<()> {
    let [.., a, b, c, d] = tx.tenant().uuid().into_bytes();
    let query = diesel::sql_query(lock).bind::<Integer, _>(SUPPRESSIONS).bind::<Integer, _>(i32::from_be_bytes([a, b, c, d]));
    query.execute(tx.conn()).await.map(drop)
}
