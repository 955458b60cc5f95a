//! A key ends.

use super::Administer;
use crate::error::{Error, Result};
use crate::store::acts::{self, Kind};
use crate::store::api_keys;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use db::{Db, TenantTx};
use kernel::PrincipalId;
use web::{Caller, Path, access_limit};

/// Ends a key, and with it every token made with it. Once more has no effect. No version is asked for: nobody has to read a leaked key before stopping it.
#[utoipa::path(tag = "api keys", params(("id" = PrincipalId, Path)), extensions(("x-access-limit" = json!(access_limit::<Administer>()))),
    responses((status = 204)))]
#[delete("/v1/api-keys/{id}")]
pub async fn revoke_api_key(caller: Caller<Administer>, db: Data<Db>, Path(id): Path<PrincipalId>) -> Result<HttpResponse> {
    db.tx(caller.tenant(), "identity.api_keys.revoke", async |tx: &mut TenantTx| {
        let mut key = api_keys::find_to_change(tx, id).await?.ok_or(Error::NotFound)?;
        if key.revoke(tx.clock().now()) {
            api_keys::update(tx, &key).await?;
            acts::record(tx, Some(caller.principal()), Kind::KeyRevoked, id.uuid());
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
