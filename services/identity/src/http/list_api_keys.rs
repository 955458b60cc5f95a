//! A tenant's keys.

use super::Administer;
use super::view::{ApiKeyView, ApiKeys};
use crate::error::{Error, Result};
use crate::store::api_keys;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{Db, TenantTx};
use kernel::PrincipalId;
use web::cursor::{Cursors, Page};
use web::{Caller, Query, access_limit};

const ROUTE: &str = "list_api_keys";

/// A tenant's keys, those that ended too, newest first, without their secrets.
#[utoipa::path(tag = "api keys", params(Page), extensions(("x-access-limit" = json!(access_limit::<Administer>()))), responses(
    (status = 200, body = ApiKeys),
))]
#[get("/v1/api-keys")]
pub async fn list_api_keys(
    caller: Caller<Administer>,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(page): Query<Page>,
) -> Result<HttpResponse> {
    let limit = usize::try_from(page.limit()?).expect("at most 200");
    let before = page.cursor.map(|cursor| cursors.decode::<PrincipalId>(caller.tenant(), ROUTE, &cursor)).transpose()?;
    let mut keys = db
        .tx(caller.tenant(), "identity.api_keys.list", async |tx: &mut TenantTx| {
            // One more than is shown says whether there is more.
            api_keys::page(tx, before, i64::try_from(limit + 1).expect("at most 201")).await.map_err(Error::from)
        })
        .await?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next_cursor = keys.last().filter(|_| more).map(|last| cursors.encode(caller.tenant(), ROUTE, &last.id));
    let now = db.clock().now();
    Ok(HttpResponse::Ok().json(ApiKeys { data: keys.iter().map(|key| ApiKeyView::new(key, now)).collect(), next_cursor }))
}
