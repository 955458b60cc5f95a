//! An import and how far it is.

use super::{Desk, ImportContacts};
use crate::domain::import::layout::{Column, Mapping};
use crate::error::{Error, Result};
use crate::importing::{Counts, open_header};
use crate::store::imports::{self, ImportRow};
use crate::vault::Vault;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::{AttestationId, ImportId, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use web::etag::etag;
use web::{Caller, Path, Problem, access_limit};

/// How far long work is.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    pub done: i64,
    pub total: i64,
}

#[derive(Serialize, ToSchema)]
pub struct ImportView {
    pub id: ImportId,
    /// `staging`, `needs-mapping`, `staged`, `committing`, `done`, `failed`, or `expired`: never committed, and forgotten.
    pub state: String,
    /// Why a committed file `failed`, for good; send it again: `key-destroyed`, `columns-unreadable`, `rows-unreadable`, `rows-missing`.
    pub failure: Option<String>,
    pub progress: Progress,
    pub counts: Counts,
    pub source: String,
    pub basis: String,
    pub attestation_id: Option<AttestationId>,
    /// The layout that was recognised.
    pub layout: Option<String>,
    /// What each column of the file is for; empty until that is known, and once it cannot be read any more.
    #[schema(value_type = std::collections::HashMap<String, Column>)]
    pub columns: BTreeMap<String, Column>,
    /// The names of the file's columns, in its order.
    pub header: Vec<String>,
    /// SHA-256 of the file, in hex.
    pub file_sha256: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

impl ImportView {
    pub async fn of(vault: &Vault, run: &ImportRow) -> Result<Self> {
        let (header, mapping) = match names(vault, run).await {
            // What can never be read again fails the run when it is committed; it is no reason not to show how far it is.
            Err(Error::Lost(_) | Error::Unopenable(_) | Error::Stored(_)) => Default::default(),
            known => known?,
        };
        let columns = mapping.map(|mapping| header.iter().cloned().zip(mapping.0).collect()).unwrap_or_default();
        Ok(Self {
            id: run.id.into(),
            state: run.state.clone(),
            failure: run.failure.clone(),
            progress: Progress { done: run.rows_done, total: run.rows_total },
            counts: serde_json::from_value(run.counts.clone())?,
            source: run.source.clone(),
            basis: run.basis.clone(),
            attestation_id: run.attestation_id.map(AttestationId::from),
            layout: run.layout.clone(),
            columns,
            header,
            file_sha256: run.file_sha256.as_ref().map(hex::encode),
            created_at: run.created_at.to_jiff(),
            finished_at: run.finished_at.map(jiff_diesel::Timestamp::to_jiff),
        })
    }
}

/// The names of the columns, and what they are for; none where the file and its key are gone.
async fn names(vault: &Vault, run: &ImportRow) -> Result<(Vec<String>, Option<Mapping>)> {
    let Some(header) = &run.header else { return Ok(Default::default()) };
    let tenant = run.tenant_id.into();
    let key = vault.import_key(tenant, run.id).await?;
    let mapping = run.mapping.as_deref().map(|sealed| open_header(&key, tenant, run.id, sealed)).transpose()?;
    Ok((open_header(&key, tenant, run.id, header)?, mapping))
}

/// An import with its state, its progress and what became of the rows so far.
#[utoipa::path(tag = "imports", params(("id" = ImportId, Path)), extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])),
    responses((status = 200, body = ImportView, headers(("ETag" = String))), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/imports/{id}")]
pub async fn get_import(caller: Caller<ImportContacts>, desk: Data<Desk>, id: Path<ImportId>) -> Result<HttpResponse> {
    let run = imports::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    let view = ImportView::of(&desk.vault, &run).await?;
    Ok(HttpResponse::Ok().insert_header(etag(run.version)).json(view))
}
