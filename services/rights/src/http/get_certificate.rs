//! The certificate of an erasure.

use super::ReadCases;
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::CaseId;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, Path, Problem, access_limit};

/// A certificate: our signed word of what was done. It names the person by nothing but a commitment under the key that was destroyed.
#[derive(Serialize, ToSchema)]
pub struct CertificateView {
    pub case_id: CaseId,
    /// Compact JWS (RFC 7515) of type `certificate`; the keys stand at `/.well-known/evidence-keys.json`.
    pub jws: String,
}

/// The certificate of a finished erasure. Verify it offline: `mxtr verify certificate`.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path)), extensions(("x-access-limit" = json!(access_limit::<ReadCases>()))),
    responses((status = 200, body = CertificateView), (status = 409, description = "the case is no erasure, or not done", body = Problem),
        (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/cases/{id}/certificate")]
pub async fn get_certificate(caller: Caller<ReadCases>, desk: Data<Desk>, id: Path<CaseId>) -> Result<HttpResponse> {
    let case = cases::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    let jws = case.certificate_jws.ok_or(Error::WrongState)?;
    Ok(HttpResponse::Ok().json(CertificateView { case_id: case.id.into(), jws }))
}
