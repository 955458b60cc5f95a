//! The keys that evidence is checked with, for ever.

use crate::Config;
use crate::error::{Error, Result};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use seal::evidence::{Invalid, PublicKeys};
use serde_json::json;
use std::path::Path;

/// The public keys that receipts, certificates and checkpoints were ever signed with, each with its `kind`. None is ever taken away.
#[utoipa::path(tag = "well known", extensions(("x-public" = json!(true))), responses(
    (status = 200, body = Object, content_type = "application/jwk-set+json"),
))]
#[get("/.well-known/evidence-keys.json")]
pub async fn get_evidence_keys(config: Data<Config>) -> Result<HttpResponse> {
    let keys = match &config.evidence_public_keys_file {
        Some(file) => published(file).await?,
        None => json!({"keys": []}).to_string(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).content_type("application/jwk-set+json").body(keys))
}

/// The file as it is now, if it holds public keys and nothing else.
async fn published(file: &Path) -> Result<String> {
    let text = tokio::fs::read_to_string(file).await.map_err(|_| Error::EvidenceKeys(Invalid::PublicKeys))?;
    PublicKeys::from_json(&text)?;
    Ok(text)
}
