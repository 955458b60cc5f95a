//! The matrix of roles.

use super::Look;
use actix_web::{HttpResponse, get};
use privacy::{AccessLimit, bundle};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, access_limit};

/// A role of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleView {
    #[schema(value_type = String, example = "support")]
    pub name: &'static str,
    /// In words.
    #[schema(value_type = String)]
    pub says: &'static str,
    /// The most it allows.
    pub limit: AccessLimit,
}

/// The roles, of one version of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Roles {
    #[schema(value_type = String, example = "2026-01")]
    pub policy_version: &'static str,
    pub data: Vec<RoleView>,
}

/// The matrix of roles, from the policy in force.
#[utoipa::path(tag = "callers", extensions(("x-access-limit" = json!(access_limit::<Look>()))), responses(
    (status = 200, body = Roles),
))]
#[get("/v1/roles")]
pub async fn list_roles(_caller: Caller<Look>) -> HttpResponse {
    let data = bundle().roles.iter().map(|role| RoleView { name: role.name, says: role.says, limit: role.limit.clone() }).collect();
    HttpResponse::Ok().json(Roles { policy_version: bundle().version, data })
}
