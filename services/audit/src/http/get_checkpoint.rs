//! The newest signed head of the log.

use crate::error::{Error, Result};
use crate::store::checkpoints;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{AsyncPgConnection, Db};
use serde::Serialize;
use utoipa::ToSchema;
use web::Problem;

#[derive(Serialize, ToSchema)]
pub struct CheckpointView {
    /// How many entries it speaks for.
    pub size: u64,
    /// The signed note (C2SP tlog-checkpoint); `mxtr verify log` reads it.
    pub note: String,
}

/// The newest checkpoint. Public: it tells how many entries there are, and their hash.
#[utoipa::path(tag = "audit", extensions(("x-public" = json!(true))), responses(
    (status = 200, body = CheckpointView),
    (status = 404, description = "nothing has been signed yet", body = Problem),
    (status = 503, body = Problem),
))]
#[get("/v1/audit/checkpoint")]
pub async fn get_checkpoint(db: Data<Db>) -> Result<HttpResponse> {
    let newest =
        db.infra("audit.checkpoint", async |conn: &mut AsyncPgConnection| checkpoints::newest(conn).await.map_err(Error::from)).await?;
    let (size, note) = newest.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().json(CheckpointView { size, note }))
}
