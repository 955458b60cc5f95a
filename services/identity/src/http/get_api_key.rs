//! A key, without its secret.

use super::Administer;
use super::view::ApiKeyView;
use crate::error::{Error, Result};
use crate::store::api_keys;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{Db, TenantTx};
use kernel::PrincipalId;
use web::etag::etag;
use web::{Caller, Path, access_limit};

/// A key of the tenant, without its secret, which nobody can see again.
#[utoipa::path(tag = "api keys", params(("id" = PrincipalId, Path)), extensions(("x-access-limit" = json!(access_limit::<Administer>()))),
    responses((status = 200, body = ApiKeyView)))]
#[get("/v1/api-keys/{id}")]
pub async fn get_api_key(caller: Caller<Administer>, db: Data<Db>, Path(id): Path<PrincipalId>) -> Result<HttpResponse> {
    let key = db
        .tx(caller.tenant(), "identity.api_keys.get", async |tx: &mut TenantTx| api_keys::find(tx, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(HttpResponse::Ok().insert_header(etag(key.version)).json(ApiKeyView::new(&key, db.clock().now())))
}
