//! That an entry stands in the log.

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
pub struct Place {
    /// Where the entry stands.
    leaf: u64,
    /// The size of the checkpoint it is checked against.
    size: u64,
}

/// The audit path of a leaf (RFC 9162, 2.1.3). Public: hashes tell nothing of what they hash.
#[utoipa::path(tag = "audit", params(Place), extensions(("x-public" = json!(true))), responses(
    (status = 200, body = ProofView),
    (status = 400, body = Problem),
    (status = 404, description = "the log has no such leaf or size", body = Problem),
    (status = 503, body = Problem),
))]
#[get("/v1/audit/proofs/inclusion")]
pub async fn prove_inclusion(db: Data<Db>, Query(place): Query<Place>) -> Result<HttpResponse> {
    let plans = merkle::inclusion(place.leaf, place.size).ok_or(Error::NotFound)?;
    let proof = db
        .infra("audit.inclusion", async |conn: &mut AsyncPgConnection| tree::prove(conn, place.size, &plans).await.map_err(Error::from))
        .await?;
    Ok(HttpResponse::Ok().json(ProofView::from(proof.ok_or(Error::NotFound)?)))
}
