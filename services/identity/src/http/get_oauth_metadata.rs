//! What the authorization server does, for clients that ask (RFC 8414).

use crate::Config;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// RFC 8414, section 2.
#[derive(Debug, Serialize, ToSchema)]
pub struct OauthMetadata {
    pub issuer: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[schema(value_type = Vec<String>)]
    pub grant_types_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    pub token_endpoint_auth_methods_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    pub response_types_supported: Vec<String>,
}

/// Where tokens are made and how (RFC 8414).
#[utoipa::path(tag = "well known", extensions(("x-public" = json!(true))), responses((status = 200, body = OauthMetadata)))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_oauth_metadata(config: Data<Config>) -> HttpResponse {
    let issuer = config.common.issuer.clone();
    let base = issuer.trim_end_matches('/');
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(OauthMetadata {
        token_endpoint: format!("{base}/oauth/token"),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        issuer,
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
        response_types_supported: Vec::new(),
    })
}
