//! Who the caller is, as every service sees it.

use super::Look;
use actix_web::{HttpResponse, get};
use kernel::{PrincipalId, TenantId};
use privacy::AccessLimit;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, access_limit};

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The API key, also behind a token.
    pub principal_id: PrincipalId,
    pub tenant_id: TenantId,
    pub roles: Vec<String>,
    /// What this call's key and token allow together.
    pub limit: AccessLimit,
}

/// The caller: its key, tenant and roles, and what is left of the limit.
#[utoipa::path(tag = "callers", extensions(("x-access-limit" = json!(access_limit::<Look>()))), responses(
    (status = 200, body = MeView),
))]
#[get("/v1/me")]
pub async fn get_me(caller: Caller<Look>) -> HttpResponse {
    let me = MeView {
        principal_id: caller.principal(),
        tenant_id: caller.tenant(),
        roles: caller.roles().to_vec(),
        limit: caller.limit().clone(),
    };
    HttpResponse::Ok().json(me)
}
