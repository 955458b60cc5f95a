//! API keys.

use super::column;
use crate::domain::api_key::{ApiKey, Label};
use crate::domain::grant::Terms;
use db::TenantTx;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use events::{Outgoing, topics};
use ipnet::IpNet;
use kernel::{PrincipalId, TenantId};
use privacy::{AccessLimit, PersonalData, Role};
use std::str::FromStr;

diesel::table! {
    identity.api_keys (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        label -> Text,
        role -> Text,
        verbs -> Array<Text>,
        categories -> Array<Text>,
        purposes -> Array<Text>,
        networks -> Array<Text>,
        secret_sha256 -> Binary,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        replaces -> Nullable<Uuid>,
        created_at -> Timestamptz,
        changed_at -> Timestamptz,
    }
}

/// A key as it is stored.
#[derive(Queryable, Selectable, Insertable, AsChangeset, PersonalData)]
#[diesel(table_name = api_keys, primary_key(tenant_id, id), treat_none_as_null = true)]
#[personal(store = "identity.api_keys")]
pub struct ApiKeyRow {
    #[data(not_personal = "id of an organisation")]
    tenant_id: TenantId,
    #[data(not_personal = "id of a key; keys belong to software and roles, not to people")]
    id: PrincipalId,
    #[data(not_personal = "row version")]
    version: i64,
    #[data(not_personal = "a word of a to z, 0 to 9 and hyphens, documented as not about people")]
    label: String,
    #[data(not_personal = "closed vocabulary")]
    role: String,
    #[data(not_personal = "closed vocabulary")]
    verbs: Vec<String>,
    #[data(not_personal = "closed vocabulary")]
    categories: Vec<String>,
    #[data(not_personal = "closed vocabulary")]
    purposes: Vec<String>,
    #[data(not_personal = "networks of the organisation's own machines")]
    networks: Vec<String>,
    #[data(not_personal = "hash of random bits")]
    secret_sha256: Vec<u8>,
    #[data(not_personal = "end of a key")]
    expires_at: Option<jiff_diesel::Timestamp>,
    #[data(not_personal = "end of a key")]
    revoked_at: Option<jiff_diesel::Timestamp>,
    #[data(not_personal = "id of a key")]
    created_by: Option<PrincipalId>,
    #[data(not_personal = "id of a key")]
    replaces: Option<PrincipalId>,
    #[data(not_personal = "time of the row")]
    created_at: jiff_diesel::Timestamp,
    #[data(not_personal = "time of the row")]
    changed_at: jiff_diesel::Timestamp,
}

/// A stored row that this binary cannot read: its role or its hash is none. Nothing is allowed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored key cannot be read")]
pub struct Unreadable;

/// Keeps a new key; says whether it was new.
pub async fn insert(tx: &mut TenantTx, key: &ApiKey) -> QueryResult<bool> {
    let made = diesel::insert_into(api_keys::table).values(ApiKeyRow::from(key)).on_conflict_do_nothing().execute(tx.conn()).await?;
    if made == 1 {
        say(tx, key);
    }
    Ok(made == 1)
}

/// A key of the transaction's tenant.
pub async fn find(tx: &mut TenantTx, id: PrincipalId) -> QueryResult<Option<ApiKey>> {
    let tenant = tx.tenant();
    let row = api_keys::table.find((tenant, id)).select(ApiKeyRow::as_select()).first(tx.conn()).await.optional()?;
    row.map(readable).transpose()
}

/// A key of the transaction's tenant, which nobody else changes until its end.
pub async fn find_to_change(tx: &mut TenantTx, id: PrincipalId) -> QueryResult<Option<ApiKey>> {
    let tenant = tx.tenant();
    let row = api_keys::table.find((tenant, id)).select(ApiKeyRow::as_select()).for_update().first(tx.conn()).await.optional()?;
    row.map(readable).transpose()
}

/// The first key that the transaction's tenant had.
pub async fn first(tx: &mut TenantTx) -> QueryResult<Option<ApiKey>> {
    let tenant = tx.tenant();
    let keys = api_keys::table.filter(api_keys::tenant_id.eq(tenant)).order(api_keys::id.asc());
    let row = keys.select(ApiKeyRow::as_select()).first(tx.conn()).await.optional()?;
    row.map(readable).transpose()
}

/// Keys, newest first, before one; at most `limit`.
pub async fn page(tx: &mut TenantTx, before: Option<PrincipalId>, limit: i64) -> QueryResult<Vec<ApiKey>> {
    let tenant = tx.tenant();
    let mut keys = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .order(api_keys::id.desc())
        .limit(limit)
        .select(ApiKeyRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        keys = keys.filter(api_keys::id.lt(before));
    }
    keys.load(tx.conn()).await?.into_iter().map(readable).collect()
}

/// Keeps a changed key.
pub async fn update(tx: &mut TenantTx, key: &ApiKey) -> QueryResult<()> {
    diesel::update(api_keys::table.find((key.tenant, key.id))).set(ApiKeyRow::from(key)).execute(tx.conn()).await?;
    say(tx, key);
    Ok(())
}

/// Tells the others the whole state.
pub fn say(tx: &mut TenantTx, key: &ApiKey) {
    let event = Outgoing::new(&topics::PRINCIPALS, key.id.as_bytes(), key.tenant, tx.clock(), &events::identity::Principal::from(key));
    tx.publish(event);
}

fn readable(row: ApiKeyRow) -> QueryResult<ApiKey> {
    ApiKey::try_from(row).map_err(|cause| diesel::result::Error::DeserializationError(Box::new(cause)))
}

fn names<T: ToString>(items: impl Iterator<Item = T>) -> Vec<String> {
    items.map(|item| item.to_string()).collect()
}

/// A name that this binary does not know allows nothing.
fn known<T: FromStr, S: FromIterator<T>>(names: &[String]) -> S {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

impl From<&ApiKey> for ApiKeyRow {
    fn from(key: &ApiKey) -> Self {
        let limit = &key.terms.limit;
        Self {
            tenant_id: key.tenant,
            id: key.id,
            version: key.version,
            label: key.label.as_str().to_owned(),
            role: key.terms.role.name().to_owned(),
            verbs: names(limit.verbs.iter()),
            categories: names(limit.categories.iter()),
            purposes: names(limit.purposes.iter()),
            networks: names(key.terms.networks.iter()),
            secret_sha256: key.secret_sha256.to_vec(),
            expires_at: key.terms.expires_at.map(column),
            revoked_at: key.revoked_at.map(column),
            created_by: key.created_by,
            replaces: key.replaces,
            created_at: column(key.created_at),
            changed_at: column(key.changed_at),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Unreadable;

    fn try_from(row: ApiKeyRow) -> Result<Self, Unreadable> {
        let networks = row.networks.iter().map(|network| network.parse::<IpNet>()).collect::<Result<_, _>>().map_err(|_| Unreadable)?;
        let limit = AccessLimit { verbs: known(&row.verbs), categories: known(&row.categories), purposes: known(&row.purposes) };
        let role: Role = row.role.parse().map_err(|_| Unreadable)?;
        Ok(Self {
            id: row.id,
            tenant: row.tenant_id,
            version: row.version,
            label: Label::stored(row.label),
            terms: Terms { role, limit, networks, expires_at: row.expires_at.map(Into::into) },
            secret_sha256: row.secret_sha256.try_into().map_err(|_| Unreadable)?,
            revoked_at: row.revoked_at.map(Into::into),
            created_by: row.created_by,
            replaces: row.replaces,
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        })
    }
}
