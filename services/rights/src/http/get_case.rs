//! A case.

use super::ReadCases;
use super::view::CaseView;
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::CaseId;
use web::etag::etag;
use web::{Caller, Path, Problem, access_limit};

/// How far a case is.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path)), extensions(("x-access-limit" = json!(access_limit::<ReadCases>()))),
    responses((status = 200, body = CaseView, headers(("ETag" = String))), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/cases/{id}")]
pub async fn get_case(caller: Caller<ReadCases>, desk: Data<Desk>, id: Path<CaseId>) -> Result<HttpResponse> {
    let case = cases::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().insert_header(etag(case.version)).json(CaseView::from(&case)))
}
