//! The receipt a person can keep.

use super::ReadConsent;
use crate::error::{Error, Result};
use crate::recording::Recorder;
use crate::store::records;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::TenantTx;
use kernel::ReceiptId;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, Path, Problem, access_limit};

/// What `mxtr verify receipt FILE` reads.
#[derive(Serialize, ToSchema)]
pub struct ReceiptView {
    pub id: ReceiptId,
    /// The receipt (`mxtr-receipt/1`, the fields of ISO/IEC TS 27560) as a compact JWS (RFC 7515) that verifies with the public evidence keys alone.
    pub jws: String,
}

/// A signed receipt.
#[utoipa::path(tag = "consent", extensions(("x-access-limit" = json!(access_limit::<ReadConsent>()))), security(("bearer" = [])), params(("id" = ReceiptId, Path)), responses(
    (status = 200, body = ReceiptView),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[get("/v1/receipts/{id}")]
pub async fn get_receipt(caller: Caller<ReadConsent>, recorder: Data<Recorder>, id: Path<ReceiptId>) -> Result<HttpResponse> {
    let record = recorder
        .db
        .tx(caller.tenant(), "consent.receipt", async |tx: &mut TenantTx| {
            records::find_by_receipt(tx, id.0.uuid()).await?.ok_or(Error::NotFound)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ReceiptView { id: id.0, jws: record.receipt_jws }))
}
