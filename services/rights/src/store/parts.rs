//! Parts of access packages, each sealed by the service that holds what is in it.

use super::schema::parts;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::TenantId;
use privacy::PersonalData;
use uuid::Uuid;

/// A part as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, PersonalData)]
#[diesel(table_name = parts, treat_none_as_default_value = false)]
#[personal(store = "rights.parts")]
pub struct PartRow {
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    #[data(not_personal = "the case's id")]
    pub case_id: Uuid,
    #[data(not_personal = "closed vocabulary")]
    pub service: String,
    #[data(not_personal = "closed vocabulary")]
    pub name: String,
    #[data(not_personal = "a set of categories")]
    pub categories: i64,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "package", sealed)]
    pub sealed: Vec<u8>,
}

/// Keeps parts; one that comes again takes the place of the one before.
pub async fn put(tx: &mut TenantTx, rows: &[PartRow]) -> QueryResult<()> {
    diesel::insert_into(parts::table)
        .values(rows)
        .on_conflict((parts::tenant_id, parts::case_id, parts::service, parts::name))
        .do_update()
        .set((parts::sealed.eq(excluded(parts::sealed)), parts::categories.eq(excluded(parts::categories))))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// The parts of a case, in one round trip.
pub async fn read(db: &Db, tenant: TenantId, case: Uuid) -> Result<Vec<PartRow>, DbError> {
    let query = parts::table
        .filter(parts::tenant_id.eq(tenant.uuid()).and(parts::case_id.eq(case)))
        .order((parts::service, parts::name))
        .select(PartRow::as_select());
    db.read(tenant, "rights.parts", query).await
}

/// Forgets the parts of these cases; says how many there were.
pub async fn forget(tx: &mut TenantTx, cases: &[Uuid]) -> QueryResult<usize> {
    let tenant = tx.tenant().uuid();
    diesel::delete(parts::table.filter(parts::tenant_id.eq(tenant).and(parts::case_id.eq_any(cases)))).execute(tx.conn()).await
}
