//! A client joins the platform.

use super::Administer;
use super::view::{NewApiKeyView, NewTenantView, TenantView};
use crate::bootstrap::first_key;
use crate::domain::api_key::ApiKey;
use crate::domain::tenant::{
    ChosenServices, Jurisdiction, PolicyUrl, PolicyVersion, Tenant, TenantName, TenantSays, TenantState, TimeZoneName,
};
use crate::error::{Error, Result};
use crate::store::acts::{self, Kind};
use crate::store::{api_keys, tenants};
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, TenantTx};
use kernel::{PrincipalId, TenantId};
use privacy::Role;
use serde::Deserialize;
use utoipa::ToSchema;
use web::apikey::{Minted, mint};
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Acme GmbH", "privacy_policy_url": "https://acme.example/privacy", "privacy_policy_version": "2026-01", "time_zone": "Europe/Berlin",
    "jurisdiction": "DE", "chosen_services": ["newsletter", "support"]
}))]
pub struct CreateTenant {
    name: TenantName,
    privacy_policy_url: PolicyUrl,
    privacy_policy_version: PolicyVersion,
    time_zone: TimeZoneName,
    jurisdiction: Jurisdiction,
    chosen_services: ChosenServices,
}

impl CreateTenant {
    fn says(self) -> TenantSays {
        TenantSays {
            name: self.name,
            privacy_policy_url: self.privacy_policy_url,
            privacy_policy_version: self.privacy_policy_version,
            time_zone: self.time_zone,
            jurisdiction: self.jurisdiction,
            chosen_services: self.chosen_services,
        }
    }
}

/// Makes a tenant and its first key, an owner's, whose text is in this answer and nowhere else. For the platform's administrator.
#[utoipa::path(tag = "tenants", params(IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<Administer>()))), responses(
    (status = 201, body = NewTenantView),
    (status = 409, body = Problem),
))]
#[post("/v1/tenants")]
pub async fn create_tenant(
    caller: Caller<Administer>,
    db: Data<Db>,
    key: IdempotencyKey,
    body: ValidJson<CreateTenant>,
) -> Result<HttpResponse> {
    if !caller.is_house() || !caller.roles().iter().any(|role| role == Role::HOUSE_ADMIN.name()) {
        return Err(Error::NotTheHouse);
    }
    let ValidJson { value, raw } = body;
    let id = id_of(&db, &key, &raw).await?;
    let (tenant, owner, minted) = open(&db, id, &value.says(), caller.principal()).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, format!("/v1/tenants/{id}"))).insert_header(etag(tenant.version));
    replay(&mut answer, minted.is_none());
    let owner_key = NewApiKeyView::new(&owner, minted.as_ref(), db.clock().now());
    Ok(answer.json(NewTenantView { tenant: TenantView::from(&tenant), owner_key }))
}

/// The id of the tenant of this request. The request is claimed in the house's rows, the tenant is made in its own: whoever repeats a request that died
/// in between finds the id and makes the tenant.
async fn id_of(db: &Db, key: &IdempotencyKey, raw: &[u8]) -> Result<TenantId> {
    db.tx(TenantId::HOUSE, "identity.tenants.claim", async |tx: &mut TenantTx| {
        let replay = key.claim(tx, raw).await?;
        if let Some(id) = replay.and_then(|replay| replay.resource) {
            return Ok::<_, Error>(TenantId::from(id));
        }
        let id = TenantId::new(tx.clock());
        key.finish(tx, 201, Some(id.uuid())).await?;
        Ok(id)
    })
    .await
}

/// Makes the tenant and its first key; where they are there already, finds them and has no text to show.
async fn open(db: &Db, id: TenantId, says: &TenantSays, by: PrincipalId) -> Result<(Tenant, ApiKey, Option<Minted>)> {
    db.tx(id, "identity.tenants.create", async |tx: &mut TenantTx| {
        let now = tx.clock().now();
        let tenant = Tenant { id, version: 1, state: TenantState::Active, says: says.clone(), created_at: now, changed_at: now };
        if !tenants::insert(tx, &tenant).await? {
            let (tenant, owner) = (tenants::find(tx).await?, api_keys::first(tx).await?);
            return tenant.zip(owner).map(|(tenant, owner)| (tenant, owner, None)).ok_or(Error::NotFound);
        }
        let principal = PrincipalId::new(tx.clock());
        let minted = mint(principal);
        let owner = ApiKey { created_by: Some(by), ..first_key(id, principal, minted.secret_sha256, Role::OWNER, now) };
        api_keys::insert(tx, &owner).await?;
        acts::record(tx, Some(by), Kind::TenantCreated, id.uuid());
        acts::record(tx, Some(by), Kind::KeyCreated, principal.uuid());
        Ok((tenant, owner, Some(minted)))
    })
    .await
}
