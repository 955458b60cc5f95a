//! A key is made for a role, and narrowed.

use super::Administer;
use super::grantor::{Made, grantor};
use super::view::NewApiKeyView;
use crate::domain::api_key::{ApiKey, Label};
use crate::domain::grant::{Terms, Wish};
use crate::error::{Error, Result};
use crate::store::acts::{self, Kind};
use crate::store::api_keys;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, TenantTx};
use ipnet::IpNet;
use kernel::{PrincipalId, Timestamp, from_micros, micros};
use privacy::{CategorySet, PurposeSet, Role, VerbSet};
use serde::Deserialize;
use utoipa::ToSchema;
use web::apikey::mint;
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": ["support"], "label": "help-desk", "limit": {"verbs": ["read"], "purposes": ["client_service:support"]}}))]
pub struct CreateApiKey {
    /// Exactly one: two limits together would let the verbs of one reach the data of the other.
    #[schema(min_items = 1, max_items = 1)]
    roles: Vec<Role>,
    label: Option<Label>,
    /// What the key may do of what its role may; a part that is left out is as the role has it.
    #[serde(default)]
    limit: NarrowTo,
    /// Where it may be used from (CIDR); empty means anywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    networks: Vec<IpNet>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Parts of a limit.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NarrowTo {
    verbs: Option<VerbSet>,
    categories: Option<CategorySet>,
    purposes: Option<PurposeSet>,
}

/// So many networks a key may name.
const MOST_NETWORKS: usize = 50;

impl CreateApiKey {
    fn wish(&self) -> Result<Wish> {
        let &[role] = self.roles.as_slice() else {
            return Err(Problem::invalid("/roles", "one-role", "A key has exactly one role.").into());
        };
        if self.networks.len() > MOST_NETWORKS {
            return Err(Problem::invalid("/networks", "too-many", "A key names at most 50 networks.").into());
        }
        let NarrowTo { verbs, categories, purposes } = self.limit;
        // Kept in microseconds, as the table keeps it.
        let expires_at = self.expires_at.and_then(|at| from_micros(micros(at)));
        Ok(Wish { role, verbs, categories, purposes, networks: self.networks.iter().map(IpNet::trunc).collect(), expires_at })
    }
}

/// Makes a key whose text is in this answer and nowhere else. Its limit is the role's, narrowed; what the role does not have is refused, and so is what
/// the caller may not hand out.
#[utoipa::path(tag = "api keys", params(IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<Administer>()))), responses(
    (status = 201, body = NewApiKeyView),
    (status = 409, body = Problem),
))]
#[post("/v1/api-keys")]
pub async fn create_api_key(
    caller: Caller<Administer>,
    db: Data<Db>,
    key: IdempotencyKey,
    body: ValidJson<CreateApiKey>,
) -> Result<HttpResponse> {
    let (asked, wish) = (&body.value, body.value.wish()?);
    let made = db
        .tx(caller.tenant(), "identity.api_keys.create", async |tx: &mut TenantTx| {
            if let Some(replay) = key.claim(tx, &body.raw).await? {
                return found(tx, replay.resource.map(PrincipalId::from)).await;
            }
            let terms = grantor(tx, &caller).await?.grant(&wish, tx.clock().now()).map_err(Error::NotGranted)?;
            let made = make(tx, asked.label.clone().unwrap_or_default(), terms, caller.principal(), None).await?;
            acts::record(tx, Some(caller.principal()), Kind::KeyCreated, made.key.id.uuid());
            key.finish(tx, 201, Some(made.key.id.uuid())).await?;
            Ok(made)
        })
        .await?;
    Ok(shown(&made, &db))
}

/// The key that an earlier request made.
pub async fn found(tx: &mut TenantTx, id: Option<PrincipalId>) -> Result<Made> {
    let id = id.ok_or(Error::NotFound)?;
    api_keys::find(tx, id).await?.map(|key| Made { key, minted: None }).ok_or(Error::NotFound)
}

/// Makes a key with these terms and keeps it.
pub async fn make(tx: &mut TenantTx, label: Label, terms: Terms, by: PrincipalId, replaces: Option<PrincipalId>) -> Result<Made> {
    let (id, now) = (PrincipalId::new(tx.clock()), tx.clock().now());
    let minted = mint(id);
    let key = ApiKey {
        id,
        tenant: tx.tenant(),
        version: 1,
        label,
        terms,
        secret_sha256: minted.secret_sha256,
        revoked_at: None,
        created_by: Some(by),
        replaces,
        created_at: now,
        changed_at: now,
    };
    api_keys::insert(tx, &key).await?;
    Ok(Made { key, minted: Some(minted) })
}

/// 201, with the text of the key when it was made just now.
pub fn shown(made: &Made, db: &Db) -> HttpResponse {
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, format!("/v1/api-keys/{}", made.key.id))).insert_header(etag(made.key.version));
    replay(&mut answer, made.minted.is_none());
    answer.json(NewApiKeyView::new(&made.key, made.minted.as_ref(), db.clock().now()))
}
