//! The tenants that have keys. House rows, so that a timer can visit every tenant without seeing into any.

use db::TenantTx;
use diesel::sql_types::Uuid as SqlUuid;
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use kernel::TenantId;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    member_id: Uuid,
}

/// Enters a tenant; again is no fault.
pub async fn enter(tx: &mut TenantTx, member: TenantId) -> QueryResult<()> {
    let house: Uuid = tx.tenant().into();
    sql_query("INSERT INTO keyring.roster (tenant_id, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind::<SqlUuid, _>(house)
        .bind::<SqlUuid, _>(Uuid::from(member))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Every tenant that has keys.
pub async fn members(tx: &mut TenantTx) -> QueryResult<Vec<TenantId>> {
    let house: Uuid = tx.tenant().into();
    let rows: Vec<Row> = sql_query("SELECT member_id FROM keyring.roster WHERE tenant_id = $1 ORDER BY member_id")
        .bind::<SqlUuid, _>(house)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| TenantId::from(row.member_id)).collect())
}
