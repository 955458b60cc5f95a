//! The register of purposes.

use actix_web::{HttpResponse, get};
use privacy::{Basis, Purpose, bundle};
use serde::Serialize;
use utoipa::ToSchema;
use web::Problem;

/// A purpose of the policy, with its one legal basis.
#[derive(Serialize, ToSchema)]
pub struct PurposeView {
    pub id: &'static str,
    /// GDPR 6(1).
    pub basis: Basis,
    /// Whether it can be objected to (GDPR 21).
    pub objectable: bool,
    /// Whether it reaches records that a client imported.
    pub reaches_imported: bool,
    /// The client service it stands for.
    pub client_service: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct Purposes {
    /// The version of the policy that has them.
    pub policy_version: &'static str,
    pub data: Vec<PurposeView>,
}

/// Every purpose there is: a closed list. Public, as the policy is.
#[utoipa::path(tag = "policy", extensions(("x-public" = json!(true))), responses((status = 200, body = Purposes), (status = "5XX", body = Problem)))]
#[get("/v1/purposes")]
pub async fn list_purposes() -> HttpResponse {
    let data = Purpose::ALL
        .iter()
        .map(|purpose| PurposeView {
            id: purpose.name(),
            basis: purpose.basis(),
            objectable: purpose.objectable(),
            reaches_imported: purpose.reaches_processor_records(),
            client_service: purpose.client_service(),
        })
        .collect();
    HttpResponse::Ok().json(Purposes { policy_version: bundle().version, data })
}
