//! That the log has only grown.

use super::view::ProofView;
use crate::domain::merkle;
use crate::error::{Error, Result};
use crate::store::tree;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{AsyncPgConnection, Db};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{Problem, Query};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sizes {
    /// The size of the older checkpoint, at least 1.
    from: u64,
    /// The size of the newer one.
    to: u64,
}

/// The proof that the log of size `to` continues the log of size `from` (RFC 9162, 2.1.4). Public.
#[utoipa::path(tag = "audit", params(Sizes), extensions(("x-public" = json!(true))), responses(
    (status = 200, body = ProofView),
    (status = 400, body = Problem),
    (status = 404, description = "the log has no such sizes", body = Problem),
    (status = 503, body = Problem),
))]
#[get("/v1/audit/proofs/consistency")]
pub async fn prove_consistency(db: Data<Db>, Query(sizes): Query<Sizes>) -> Result<HttpResponse> {
    let plans = merkle::consistency(sizes.from, sizes.to).ok_or(Error::NotFound)?;
    let proof = db
        .infra("audit.consistency", async |conn: &mut AsyncPgConnection| tree::prove(conn, sizes.to, &plans).await.map_err(Error::from))
        .await?;
    Ok(HttpResponse::Ok().json(ProofView::from(proof.ok_or(Error::NotFound)?)))
}
