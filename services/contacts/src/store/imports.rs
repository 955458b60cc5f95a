//! Imports: the run, its staged chunks, its rejects, and the queue.

use super::schema::{import_chunks, import_rejects, imports, queue};
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::SignedDuration;
use jiff_diesel::ToDiesel as _;
use kernel::{TenantId, Timestamp};
use uuid::Uuid;

/// A run.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = imports, primary_key(tenant_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ImportRow {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub state: String,
    pub source: String,
    pub basis: String,
    pub country: Option<String>,
    pub attestation_id: Option<Uuid>,
    pub principal_id: Uuid,
    pub header: Option<Vec<u8>>,
    pub mapping: Option<Vec<u8>>,
    pub layout: Option<String>,
    pub file_sha256: Option<Vec<u8>>,
    pub rows_total: i64,
    pub rows_done: i64,
    pub chunks: i64,
    pub next_chunk: i64,
    pub counts: serde_json::Value,
    pub version: i64,
    pub created_at: jiff_diesel::Timestamp,
    pub finished_at: Option<jiff_diesel::Timestamp>,
}

impl ImportRow {
    /// When the file's rows and its key come to their end (policy, `import_file`), as far as is known.
    pub fn ends_at(&self) -> Timestamp {
        let from = self.finished_at.unwrap_or(self.created_at).to_jiff();
        from + SignedDuration::from_hours(24 * privacy::bundle().days("import_file"))
    }
}

pub async fn insert(tx: &mut TenantTx, import: &ImportRow) -> QueryResult<()> {
    diesel::insert_into(imports::table).values(import).execute(tx.conn()).await.map(drop)
}

/// A run, in one round trip.
pub async fn read(db: &Db, tenant: TenantId, id: Uuid) -> Result<Option<ImportRow>, DbError> {
    let query = imports::table.find((tenant.uuid(), id)).select(ImportRow::as_select());
    Ok(db.read(tenant, "imports.get", query).await?.into_iter().next())
}

/// A run, locked until the transaction ends.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<ImportRow>> {
    let tenant = tx.tenant().uuid();
    imports::table.find((tenant, id)).select(ImportRow::as_select()).for_update().first(tx.conn()).await.optional()
}

pub async fn replace(tx: &mut TenantTx, import: &ImportRow) -> QueryResult<()> {
    diesel::update(imports::table.find((import.tenant_id, import.id))).set(import).execute(tx.conn()).await.map(drop)
}

pub async fn stage(tx: &mut TenantTx, import: Uuid, chunk: i64, sealed: &[u8]) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::insert_into(import_chunks::table)
        .values((
            import_chunks::tenant_id.eq(tenant),
            import_chunks::import_id.eq(import),
            import_chunks::chunk.eq(chunk),
            import_chunks::sealed.eq(sealed),
        ))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// A staged chunk, in one round trip.
pub async fn read_chunk(db: &Db, tenant: TenantId, import: Uuid, chunk: i64) -> Result<Option<Vec<u8>>, DbError> {
    let query = import_chunks::table.find((tenant.uuid(), import, chunk)).select(import_chunks::sealed);
    Ok(db.read(tenant, "imports.chunk", query).await?.into_iter().next())
}

/// Replaces a staged chunk by its rejects, if it has any.
pub async fn settle(tx: &mut TenantTx, import: Uuid, chunk: i64, rejects: Option<&[u8]>) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::delete(import_chunks::table.find((tenant, import, chunk))).execute(tx.conn()).await?;
    if let Some(sealed) = rejects {
        diesel::insert_into(import_rejects::table)
            .values((
                import_rejects::tenant_id.eq(tenant),
                import_rejects::import_id.eq(import),
                import_rejects::chunk.eq(chunk),
                import_rejects::sealed.eq(sealed),
            ))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Everything that was staged is forgotten.
pub async fn forget_chunks(tx: &mut TenantTx, import: Uuid) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::delete(import_chunks::table.filter(import_chunks::tenant_id.eq(tenant).and(import_chunks::import_id.eq(import))))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// A run's rejects: (chunk, sealed), in order.
pub async fn read_rejects(db: &Db, tenant: TenantId, import: Uuid) -> Result<Vec<(i64, Vec<u8>)>, DbError> {
    let query = import_rejects::table
        .filter(import_rejects::tenant_id.eq(tenant.uuid()).and(import_rejects::import_id.eq(import)))
        .order(import_rejects::chunk)
        .select((import_rejects::chunk, import_rejects::sealed));
    db.read(tenant, "imports.rejects", query).await
}

/// Everything of the file is forgotten: what was staged, what was rejected, and what its columns were called.
pub async fn forget(tx: &mut TenantTx, import: &mut ImportRow) -> QueryResult<()> {
    let of_import = import_rejects::tenant_id.eq(import.tenant_id).and(import_rejects::import_id.eq(import.id));
    diesel::delete(import_rejects::table.filter(of_import)).execute(tx.conn()).await?;
    forget_chunks(tx, import.id).await?;
    (import.header, import.mapping) = (None, None);
    replace(tx, import).await
}

/// Lets a run be looked at from this time on, instead of any other.
pub async fn enqueue(db: &Db, of: TenantId, import: Uuid, due: Timestamp) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.enqueue", async |tx: &mut TenantTx| {
        let due_at = queue::due_at.eq(due.to_diesel());
        let row = (queue::tenant_id.eq(TenantId::HOUSE.uuid()), queue::import_id.eq(import), queue::of_tenant.eq(of.uuid()), due_at);
        let again = diesel::insert_into(queue::table).values(row).on_conflict((queue::tenant_id, queue::import_id)).do_update().set(due_at);
        again.execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// Takes a run out of the queue.
pub async fn dequeue(db: &Db, import: Uuid) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.dequeue", async |tx: &mut TenantTx| {
        diesel::delete(queue::table.find((TenantId::HOUSE.uuid(), import))).execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// The runs that are to be looked at: (tenant, import), in the order in which they came. Those that wait for later, too, when `all` are asked for.
pub async fn queued(db: &Db, all: bool) -> Result<Vec<(TenantId, Uuid)>, DbError> {
    let until = if all { Timestamp::MAX } else { db.clock().now() };
    let query = queue::table
        .filter(queue::tenant_id.eq(TenantId::HOUSE.uuid()).and(queue::due_at.le(until.to_diesel())))
        .order(queue::import_id)
        .select((queue::of_tenant, queue::import_id));
    let rows: Vec<(Uuid, Uuid)> = db.read(TenantId::HOUSE, "imports.queued", query).await?;
    Ok(rows.into_iter().map(|(tenant, import)| (tenant.into(), import)).collect())
}
