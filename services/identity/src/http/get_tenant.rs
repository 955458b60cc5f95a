//! A tenant, for itself and for the platform's administrator.

use super::Look;
use super::view::TenantView;
use crate::error::{Error, Result};
use crate::store::tenants;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{Db, TenantTx};
use kernel::TenantId;
use web::etag::etag;
use web::{Caller, Path, Right, access_limit};

/// A tenant. Another tenant's is not found, like one that never was; the house sees all.
#[utoipa::path(tag = "tenants", params(("id" = TenantId, Path)), extensions(("x-access-limit" = json!(access_limit::<Look>()))),
    responses((status = 200, body = TenantView)))]
#[get("/v1/tenants/{id}")]
pub async fn get_tenant(caller: Caller<Look>, db: Data<Db>, Path(id): Path<TenantId>) -> Result<HttpResponse> {
    visible(&caller, id)?;
    let tenant = db.tx(id, "identity.tenants.get", async |tx: &mut TenantTx| tenants::find(tx).await?.ok_or(Error::NotFound)).await?;
    Ok(HttpResponse::Ok().insert_header(etag(tenant.version)).json(TenantView::from(&tenant)))
}

/// Whether the caller may know of this tenant. Decided before anything is looked up, so that the answer takes the same time.
pub fn visible<R: Right>(caller: &Caller<R>, id: TenantId) -> Result<()> {
    if caller.tenant() == id || caller.is_house() { Ok(()) } else { Err(Error::NotFound) }
}
