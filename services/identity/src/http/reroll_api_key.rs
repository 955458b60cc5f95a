//! A new key takes the place of an old one.

use super::Administer;
use super::create_api_key::{found, make, shown};
use super::grantor::{grantor, may_hold};
use super::view::NewApiKeyView;
use crate::domain::api_key::LONGEST_OVERLAP_SECONDS;
use crate::error::{Error, Result};
use crate::store::acts::{self, Kind};
use crate::store::api_keys;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, TenantTx};
use kernel::PrincipalId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::idempotency::IdempotencyKey;
use web::{Caller, Path, Problem, ValidJson, access_limit};

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 3600}))]
pub struct RerollApiKey {
    /// How long the old key goes on working, up to seven days. Left out or 0: it ends at once.
    #[serde(default)]
    #[schema(maximum = 604_800)]
    overlap_seconds: u32,
}

/// Makes a key with the same role, limit, networks and end, and ends the old one after the overlap. The caller comes to hold the new secret, so it must be
/// one that may hand out such a key.
#[utoipa::path(tag = "api keys", params(("id" = PrincipalId, Path), IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<Administer>()))),
    responses((status = 201, body = NewApiKeyView), (status = 409, body = Problem)))]
#[post("/v1/api-keys/{id}/reroll")]
pub async fn reroll_api_key(
    caller: Caller<Administer>,
    db: Data<Db>,
    Path(id): Path<PrincipalId>,
    key: IdempotencyKey,
    body: ValidJson<RerollApiKey>,
) -> Result<HttpResponse> {
    let overlap = body.value.overlap_seconds;
    if overlap > LONGEST_OVERLAP_SECONDS {
        return Err(Problem::invalid("/overlap_seconds", "out-of-range", "The overlap is at most seven days.").into());
    }
    let made = db
        .tx(caller.tenant(), "identity.api_keys.reroll", async |tx: &mut TenantTx| {
            if let Some(replay) = key.claim(tx, &body.raw).await? {
                return found(tx, replay.resource.map(PrincipalId::from)).await;
            }
            let mut old = api_keys::find_to_change(tx, id).await?.ok_or(Error::NotFound)?;
            may_hold(&grantor(tx, &caller).await?, &old.terms)?;
            let terms = old.terms.clone();
            old.give_way(overlap, tx.clock().now())?;
            let made = make(tx, old.label.clone(), terms, caller.principal(), Some(id)).await?;
            api_keys::update(tx, &old).await?;
            acts::record(tx, Some(caller.principal()), Kind::KeyRerolled, made.key.id.uuid());
            key.finish(tx, 201, Some(made.key.id.uuid())).await?;
            Ok::<_, Error>(made)
        })
        .await?;
    Ok(shown(&made, &db))
}
