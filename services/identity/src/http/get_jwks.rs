//! The keys that tokens are checked with.

use crate::tokens::Tokens;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};

/// The public keys of access tokens (RFC 7517): the one that signs, the next and the one before.
#[utoipa::path(tag = "well known", extensions(("x-public" = json!(true))), responses((status = 200, body = Object, content_type = "application/jwk-set+json")))]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(tokens: Data<Tokens>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).content_type("application/jwk-set+json").json(tokens.public())
}
