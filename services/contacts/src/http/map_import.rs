//! Says what the columns of a file are for.

use super::get_import::ImportView;
use super::{Desk, ImportContacts};
use crate::domain::import::layout::{Column, Mapping};
use crate::error::{Error, Result};
use crate::importing::open_header;
use crate::store::imports;
use crate::vault::import_place;
use actix_web::web::Data;
use actix_web::{HttpResponse, put};
use db::TenantTx;
use kernel::{ImportId, TenantId};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;
use web::etag::{IfMatch, etag};
use web::{Caller, Path, Problem, ValidJson, access_limit};

/// Every column of the file, once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Column name → `{"field": "email"}`, `{"custom": "tier"}` or `"ignored"`.
    #[schema(value_type = std::collections::HashMap<String, Column>)]
    columns: BTreeMap<String, Column>,
}

/// Maps the columns of a staged file; may be said again until it is committed.
#[utoipa::path(tag = "imports", params(("id" = ImportId, Path), IfMatch), request_body = Columns, extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))),
    security(("bearer" = [])), responses((status = 200, body = ImportView, headers(("ETag" = String))), (status = 409, description = "it is not staged, or committed already", body = Problem),
    (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[put("/v1/imports/{id}/mapping")]
pub async fn map_import(
    caller: Caller<ImportContacts>,
    desk: Data<Desk>,
    id: Path<ImportId>,
    seen: IfMatch,
    body: ValidJson<Columns>,
) -> Result<HttpResponse> {
    let (tenant, import) = (caller.tenant(), id.0.uuid());
    let sealed = sealed_mapping(&desk, tenant, import, &body.value.columns).await?;
    let run = desk
        .db
        .tx(tenant, "imports.map", async |tx: &mut TenantTx| {
            let mut run = imports::lock(tx, import).await?.ok_or(Error::NotFound)?;
            seen.check(run.version)?;
            if !matches!(run.state.as_str(), "staged" | "needs-mapping") {
                return Err(Error::WrongState);
            }
            run.mapping = Some(sealed.clone());
            run.state = "staged".to_owned();
            run.version += 1;
            imports::replace(tx, &run).await?;
            Ok(run)
        })
        .await?;
    let view = ImportView::of(&desk.vault, &run).await?;
    Ok(HttpResponse::Ok().insert_header(etag(run.version)).json(view))
}

/// The mapping of a file whose columns were read, sealed under the key of its import.
async fn sealed_mapping(desk: &Desk, tenant: TenantId, import: Uuid, columns: &BTreeMap<String, Column>) -> Result<Vec<u8>> {
    let known = imports::read(&desk.db, tenant, import).await?.ok_or(Error::NotFound)?;
    let key = desk.vault.import_key(tenant, import).await?;
    let header: Vec<String> = open_header(&key, tenant, import, known.header.as_deref().ok_or(Error::WrongState)?)?;
    let mapping = serde_json::to_vec(&Mapping::new(&header, columns)?)?;
    Ok(seal::seal(&key, &import_place(tenant, import, crate::importing::HEADER, import), &mapping))
}
