//! The routes: what is here is all there is.

mod create_api_key;
mod create_tenant;
mod get_api_key;
mod get_evidence_keys;
mod get_jwks;
mod get_me;
mod get_oauth_metadata;
mod get_tenant;
mod grantor;
mod issue_token;
mod list_api_keys;
mod list_roles;
mod reroll_api_key;
mod revoke_api_key;
mod update_tenant;
mod view;

use privacy::Verb;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Limit, Right};

/// Every route.
pub fn routes(api: &mut ServiceConfig<'_>) {
    api.service(create_tenant::create_tenant)
        .service(get_tenant::get_tenant)
        .service(update_tenant::update_tenant)
        .service(create_api_key::create_api_key)
        .service(list_api_keys::list_api_keys)
        .service(get_api_key::get_api_key)
        .service(reroll_api_key::reroll_api_key)
        .service(revoke_api_key::revoke_api_key)
        .service(get_me::get_me)
        .service(list_roles::list_roles)
        .service(issue_token::issue_token)
        .service(get_jwks::get_jwks)
        .service(get_evidence_keys::get_evidence_keys)
        .service(get_oauth_metadata::get_oauth_metadata);
}

/// Runs tenants and keys.
pub struct Administer;

impl Right for Administer {
    const LIMIT: Limit = Limit::verb(Verb::Admin);
}

/// Looks at what is no secret within a tenant: itself, the roles, the caller's own key.
pub struct Look;

impl Right for Look {
    const LIMIT: Limit = Limit::verb(Verb::Read);
}
