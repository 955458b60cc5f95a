//! What a tenant says of itself changes, or the house stops it and lets it go on.

use super::Administer;
use super::get_tenant::visible;
use super::view::TenantView;
use crate::domain::tenant::{ChosenServices, PolicyUrl, PolicyVersion, Tenant, TenantState};
use crate::error::{Error, Result};
use crate::store::acts::{self, Kind};
use crate::store::tenants;
use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use db::{Db, TenantTx};
use kernel::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::etag::{IfMatch, etag};
use web::{Caller, Path, Problem, ValidJson, access_limit};

/// What is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"privacy_policy_version": "2026-02", "chosen_services": ["newsletter"]}))]
pub struct UpdateTenant {
    chosen_services: Option<ChosenServices>,
    privacy_policy_url: Option<PolicyUrl>,
    privacy_policy_version: Option<PolicyVersion>,
    /// Stops a tenant's keys, or lets them work again. For the house.
    state: Option<Stop>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    Active,
    Suspended,
}

/// Changes a tenant: its chosen services and its privacy policy by the tenant or the house, its state by the house alone.
#[utoipa::path(tag = "tenants", params(("id" = TenantId, Path), IfMatch),
    extensions(("x-access-limit" = json!(access_limit::<Administer>()))),
    responses((status = 200, body = TenantView), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
#[patch("/v1/tenants/{id}")]
pub async fn update_tenant(
    caller: Caller<Administer>,
    db: Data<Db>,
    Path(id): Path<TenantId>,
    version: IfMatch,
    body: ValidJson<UpdateTenant>,
) -> Result<HttpResponse> {
    visible(&caller, id)?;
    let asked = body.value;
    if asked.state.is_some() && !caller.is_house() {
        return Err(Error::NotTheHouse);
    }
    let tenant = db
        .tx(id, "identity.tenants.update", async |tx: &mut TenantTx| {
            let mut tenant = tenants::find_to_change(tx).await?.ok_or(Error::NotFound)?;
            version.check(tenant.version)?;
            for kind in asked.apply(&mut tenant)? {
                acts::record(tx, Some(caller.principal()), kind, id.uuid());
            }
            tenant.version += 1;
            tenant.changed_at = tx.clock().now();
            tenants::update(tx, &tenant).await?;
            Ok::<_, Error>(tenant)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header(etag(tenant.version)).json(TenantView::from(&tenant)))
}

impl UpdateTenant {
    /// Changes the tenant; says which kinds of act that was.
    fn apply(&self, tenant: &mut Tenant) -> Result<Vec<Kind>> {
        let before = tenant.says.clone();
        let says = &mut tenant.says;
        says.chosen_services = self.chosen_services.clone().unwrap_or_else(|| before.chosen_services.clone());
        says.privacy_policy_url = self.privacy_policy_url.clone().unwrap_or_else(|| before.privacy_policy_url.clone());
        says.privacy_policy_version = self.privacy_policy_version.clone().unwrap_or_else(|| before.privacy_policy_version.clone());
        let mut acts = Vec::new();
        if *says != before {
            acts.push(Kind::TenantChanged);
        }
        let (state, kind) = match self.state {
            None => return Ok(acts),
            Some(Stop::Active) => (TenantState::Active, Kind::TenantResumed),
            Some(Stop::Suspended) if tenant.id == TenantId::HOUSE => return Err(Error::HouseStays),
            Some(Stop::Suspended) => (TenantState::Suspended, Kind::TenantSuspended),
        };
        if state != tenant.state {
            acts.push(kind);
        }
        tenant.state = state;
        Ok(acts)
    }
}
