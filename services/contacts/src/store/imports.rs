//! Imports: the run, its staged chunks and its rejects.

use super::schema::{import_chunks, import_rejects, imports};
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::SignedDuration;
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
    /// Why it failed, as a word.
    pub failure: Option<String>,
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

/// The rejects of the first chunk after this one that has any: (chunk, sealed).
pub async fn next_rejects(db: &Db, tenant: TenantId, import: Uuid, after: Option<i64>) -> Result<Option<(i64, Vec<u8>)>, DbError> {
    let query = import_rejects::table
        .filter(import_rejects::tenant_id.eq(tenant.uuid()).and(import_rejects::import_id.eq(import)))
        .filter(import_rejects::chunk.gt(after.unwrap_or(-1)))
        .order(import_rejects::chunk)
        .limit(1)
        .select((import_rejects::chunk, import_rejects::sealed));
    Ok(db.read(tenant, "imports.rejects", query).await?.into_iter().next())
}

/// Everything of the file is forgotten: what was staged, what was rejected, and what its columns were called.
pub async fn forget(tx: &mut TenantTx, import: &mut ImportRow) -> QueryResult<()> {
    let of_import = import_rejects::tenant_id.eq(import.tenant_id).and(import_rejects::import_id.eq(import.id));
    diesel::delete(import_rejects::table.filter(of_import)).execute(tx.conn()).await?;
    forget_chunks(tx, import.id).await?;
    (import.header, import.mapping) = (None, None);
    replace(tx, import).await
}
