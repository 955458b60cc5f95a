//! The package of an access case.

use super::HandleCases;
use crate::desk::Desk;
use crate::domain::package::{self, About};
use crate::domain::progress::State;
use crate::error::{Error, Result};
use crate::store::{CaseRow, cases, parts};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::{CaseId, PrincipalId, TenantId};
use opener::{Asking, Holder, HolderKind, Recorded, SealedPart};
use privacy::{AccessLimit, CategorySet, Purpose, Verb};
use serde_json::Value;
use web::{Caller, Path, Problem, access_limit};

/// Everything that is held of the person, as a ZIP file: a page to read, JSON with its schema. Taking it out is journalled. The caller's limit has to
/// cover every category in it, and hold the purpose `legal_obligation`.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path)), extensions(("x-access-limit" = json!(access_limit::<HandleCases>()))),
    responses((status = 200, description = "the package", body = Vec<u8>, content_type = "application/zip"),
        (status = 409, description = "the case is no access case, or not done", body = Problem), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/cases/{id}/package")]
pub async fn get_package(caller: Caller<HandleCases>, desk: Data<Desk>, id: Path<CaseId>) -> Result<HttpResponse> {
    let case = cases::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    let zip = take_out(&desk, caller.tenant(), &case, caller.limit(), caller.principal()).await?;
    Ok(download(zip))
}

/// Opens the parts of a finished case and packs them.
pub(super) async fn take_out(
    desk: &Desk,
    tenant: TenantId,
    case: &CaseRow,
    limit: &AccessLimit,
    principal: PrincipalId,
) -> Result<Recorded<Vec<u8>>> {
    if case.kind != "access" || case.state() != State::Done {
        return Err(Error::WrongState);
    }
    let rows = parts::read(&desk.db, tenant, case.id).await?;
    let (Some(subject), false) = (case.subject_id, rows.is_empty()) else { return Err(Error::NotFound) };
    let sealed: Vec<SealedPart> = rows
        .into_iter()
        .map(|row| SealedPart {
            store: format!("{}.package", row.service),
            row: case.id,
            categories: u32::try_from(row.categories).ok().and_then(CategorySet::from_bits).unwrap_or(CategorySet::ALL),
            sealed: row.sealed,
        })
        .collect();
    if !sealed.iter().all(|part| limit.categories.covers(part.categories)) {
        return Err(Error::CategoryNotGranted);
    }
    let asking = Asking { tenant, principal, limit, purpose: Purpose::LEGAL_OBLIGATION, verb: Verb::Export, operation: "get_package" };
    let holder = Holder { kind: HolderKind::Subject, id: subject, subkey: "package" };
    let opened = desk.opener.open_parts(&asking, holder, &sealed).await?.ok_or(Error::NotFound)?;
    let known = desk.opener.tenants().get(tenant.as_bytes());
    let about = About {
        case: case.id,
        made_at: case.closed_at.map_or_else(|| desk.db.clock().now(), jiff_diesel::Timestamp::to_jiff),
        policy_url: known.as_ref().map_or("", |tenant| tenant.privacy_policy_url.as_str()),
        jurisdiction: known.as_ref().map_or("", |tenant| tenant.jurisdiction.as_str()),
    };
    opened.try_map(|opened| {
        let parts: Vec<Value> = opened.iter().map(|plain| serde_json::from_slice(plain)).collect::<std::result::Result<_, _>>()?;
        Ok(package::zip(&package::document(&about, parts))?)
    })
}

pub(super) fn download(zip: Recorded<Vec<u8>>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type("application/zip").insert_header(("content-disposition", "attachment; filename=\"package.zip\""));
    zip.download(response)
}
