//! One record, and which services decide by it.

use super::ReadConsent;
use super::view::{Acknowledgement, ConsentView};
use crate::error::{Error, Result};
use crate::recording::Recorder;
use crate::store::{acknowledgements, records};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::TenantTx;
use kernel::ConsentId;
use web::etag::etag;
use web::{Caller, Path, Problem, access_limit};

/// A record with the services that have acknowledged its state.
#[utoipa::path(tag = "consent", extensions(("x-access-limit" = json!(access_limit::<ReadConsent>()))), security(("bearer" = [])), params(("id" = ConsentId, Path)), responses(
    (status = 200, body = ConsentView),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[get("/v1/consents/{id}")]
pub async fn get_consent(caller: Caller<ReadConsent>, recorder: Data<Recorder>, id: Path<ConsentId>) -> Result<HttpResponse> {
    let (record, known) = recorder
        .db
        .tx(caller.tenant(), "consent.get", async |tx: &mut TenantTx| {
            let record = records::find(tx, id.0.uuid()).await?.ok_or(Error::NotFound)?;
            let known = acknowledgements::of_version(tx, record.subject_id.into(), record.version).await?;
            Ok::<_, Error>((record, known))
        })
        .await?;
    let known = known.into_iter().map(|(service, at)| Acknowledgement { service, applied_at: at.to_jiff() }).collect();
    let view = ConsentView { acknowledged: Some(known), ..ConsentView::new(&record, recorder.lease) };
    Ok(HttpResponse::Ok().insert_header(etag(record.version)).json(view))
}
