//! One entry with all that is needed to check it offline.

use super::{ReadAudit, for_audit};
use crate::domain::merkle;
use crate::error::{Error, Result};
use crate::store::{checkpoints, entries, tree};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use db::{Db, TenantTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Caller, Path, Problem, access_limit};

/// What `mxtr verify log FILE` reads.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EntryProof {
    /// Where the entry stands.
    pub leaf: u64,
    /// Its bytes (protobuf mxtr.audit.v1.LogEntry), in base64.
    pub entry: String,
    /// The audit path up to the checkpoint's root, in base64.
    pub inclusion: Vec<String>,
    /// The signed checkpoint that it is checked against.
    pub checkpoint: String,
}

/// An entry of this tenant's with its inclusion proof in the newest checkpoint.
#[utoipa::path(tag = "audit", extensions(("x-access-limit" = json!(access_limit::<ReadAudit>()))), security(("bearer" = [])), responses(
    (status = 200, body = EntryProof),
    (status = 404, description = "no entry of yours, or no checkpoint speaks for it yet", body = Problem),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
), params(("leaf" = u64, Path)))]
#[get("/v1/reads/{leaf}/proof")]
pub async fn get_read_proof(caller: Caller<ReadAudit>, db: Data<Db>, leaf: Path<u64>) -> Result<HttpResponse> {
    for_audit(&caller)?;
    let leaf = leaf.0;
    let proof = db
        .tx(caller.tenant(), "audit.read_proof", async |tx: &mut TenantTx| {
            let stored = entries::find(tx, leaf).await?.ok_or(Error::NotFound)?;
            let (size, note) = checkpoints::newest(tx.conn()).await?.ok_or(Error::NotFound)?;
            let plans = merkle::inclusion(leaf, size).ok_or(Error::NotFound)?;
            let inclusion = tree::prove(tx.conn(), size, &plans).await?.ok_or(Error::NotFound)?;
            Ok::<_, Error>(EntryProof {
                leaf,
                entry: STANDARD.encode(stored.data),
                inclusion: inclusion.iter().map(|hash| STANDARD.encode(hash)).collect(),
                checkpoint: note,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(proof))
}
