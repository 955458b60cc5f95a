//! Lets a staged file be brought in.

use super::get_import::ImportView;
use super::{Desk, ImportContacts};
use crate::acts::{self, Kind};
use crate::error::{Error, Result};
use crate::store::imports::{self, ImportRow};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, TenantTx};
use kernel::ImportId;
use uuid::Uuid;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Path, Problem, access_limit};

/// Commits a staged file, in the background; `GET` on it shows how far it is. Saying it again changes nothing.
#[utoipa::path(tag = "imports", params(("id" = ImportId, Path), IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])),
    responses((status = 202, body = ImportView), (status = 409, description = "it is not staged, or its columns are not mapped", body = Problem),
    (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/imports/{id}/commit")]
pub async fn commit_import(
    caller: Caller<ImportContacts>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    id: Path<ImportId>,
) -> Result<HttpResponse> {
    let (tenant, import) = (caller.tenant(), id.0.uuid());
    imports::read(&desk.db, tenant, import).await?.ok_or(Error::NotFound)?;
    desk.importer.expect(tenant, import).await?;
    let (run, replayed) = let_go(&desk.db, &caller, &key, import).await?;
    desk.importer.enqueue(tenant, import).await?;
    let mut response = HttpResponse::Accepted();
    response.insert_header(("Location", format!("/v1/imports/{import}")));
    replay(&mut response, replayed);
    Ok(response.json(ImportView::of(&desk.vault, &run).await?))
}

/// The run, let go now or before, and whether this request was answered before.
async fn let_go(db: &Db, caller: &Caller<ImportContacts>, key: &IdempotencyKey, import: Uuid) -> Result<(ImportRow, bool)> {
    db.tx(caller.tenant(), "imports.let", async |tx: &mut TenantTx| {
        let mut run = imports::lock(tx, import).await?.ok_or(Error::NotFound)?;
        if key.claim(tx, b"").await?.is_some() {
            return Ok((run, true));
        }
        match run.state.as_str() {
            "staged" => {
                run.state = "committing".to_owned();
                run.version += 1;
                imports::replace(tx, &run).await?;
                acts::import(tx, caller.principal(), Kind::ImportCommitted, &run);
            }
            "committing" | "done" => {}
            _ => return Err(Error::WrongState),
        }
        key.finish(tx, 202, Some(import)).await?;
        Ok((run, false))
    })
    .await
}
