//! How tenants and keys are shown.

use crate::domain::api_key::{ApiKey, KeyState};
use crate::domain::tenant::{Tenant, TenantState};
use ipnet::IpNet;
use kernel::{PrincipalId, TenantId, Timestamp};
use privacy::{AccessLimit, Role};
use serde::Serialize;
use utoipa::ToSchema;
use web::apikey::Minted;

/// A client of the platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantView {
    pub id: TenantId,
    #[schema(example = "Acme GmbH")]
    pub name: String,
    pub state: TenantState,
    #[schema(example = "https://acme.example/privacy")]
    pub privacy_policy_url: String,
    #[schema(example = "2026-01")]
    pub privacy_policy_version: String,
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    #[schema(example = "DE")]
    pub jurisdiction: String,
    #[schema(value_type = Vec<String>, example = json!(["newsletter", "support"]))]
    pub chosen_services: Vec<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// A tenant that was just made, with its first key.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTenantView {
    #[serde(flatten)]
    pub tenant: TenantView,
    pub owner_key: NewApiKeyView,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyView {
    pub id: PrincipalId,
    #[schema(example = "warehouse-export")]
    pub label: Option<String>,
    pub state: KeyState,
    /// Exactly one.
    pub roles: Vec<Role>,
    pub limit: AccessLimit,
    /// Where it may be used from; empty means anywhere.
    #[schema(value_type = Vec<String>, example = json!(["198.51.100.0/24"]))]
    pub networks: Vec<IpNet>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// The key it was made with; none for a tenant's first.
    pub created_by: Option<PrincipalId>,
    /// The key that it took the place of.
    pub replaces: Option<PrincipalId>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub struct NewApiKeyView {
    #[serde(flatten)]
    pub view: ApiKeyView,
    /// The key itself, shown this once: whoever repeats the request does not see it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mxtr_live_…")]
    pub key: Option<String>,
}

/// Keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeys {
    pub data: Vec<ApiKeyView>,
    pub next_cursor: Option<String>,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        let says = &tenant.says;
        Self {
            id: tenant.id,
            name: says.name.as_str().to_owned(),
            state: tenant.state,
            privacy_policy_url: says.privacy_policy_url.as_str().to_owned(),
            privacy_policy_version: says.privacy_policy_version.as_str().to_owned(),
            time_zone: says.time_zone.as_str().to_owned(),
            jurisdiction: says.jurisdiction.as_str().to_owned(),
            chosen_services: says.chosen_services.names().to_vec(),
            created_at: tenant.created_at,
            changed_at: tenant.changed_at,
        }
    }
}

impl ApiKeyView {
    /// The key as it is now.
    pub fn new(key: &ApiKey, now: Timestamp) -> Self {
        Self {
            id: key.id,
            label: Some(key.label.as_str()).filter(|label| !label.is_empty()).map(ToOwned::to_owned),
            state: key.state(now),
            roles: vec![key.terms.role],
            limit: key.terms.limit.clone(),
            networks: key.terms.networks.clone(),
            expires_at: key.terms.expires_at,
            revoked_at: key.revoked_at,
            created_by: key.created_by,
            replaces: key.replaces,
            created_at: key.created_at,
            changed_at: key.changed_at,
        }
    }
}

impl NewApiKeyView {
    /// With its text when it was made in this very request.
    pub fn new(key: &ApiKey, minted: Option<&Minted>, now: Timestamp) -> Self {
        Self { view: ApiKeyView::new(key, now), key: minted.map(|minted| minted.text.expose().to_owned()) }
    }
}

impl std::fmt::Debug for NewApiKeyView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKeyView").field("view", &self.view).finish_non_exhaustive()
    }
}
