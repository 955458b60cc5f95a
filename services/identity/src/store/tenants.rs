//! Tenants.

use super::column;
use crate::domain::tenant::{
    ChosenServices, Jurisdiction, PolicyUrl, PolicyVersion, Tenant, TenantName, TenantSays, TenantState, TimeZoneName,
};
use db::TenantTx;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use events::{Outgoing, topics};
use kernel::TenantId;
use privacy::PersonalData;

diesel::table! {
    identity.tenants (tenant_id) {
        tenant_id -> Uuid,
        version -> BigInt,
        name -> Text,
        state -> Text,
        chosen_services -> Array<Text>,
        privacy_policy_url -> Text,
        privacy_policy_version -> Text,
        time_zone -> Text,
        jurisdiction -> Text,
        created_at -> Timestamptz,
        changed_at -> Timestamptz,
    }
}

/// A tenant as it is stored.
#[derive(Queryable, Selectable, Insertable, AsChangeset, PersonalData)]
#[diesel(table_name = tenants, primary_key(tenant_id))]
#[personal(store = "identity.tenants")]
pub struct TenantRow {
    #[data(not_personal = "id of an organisation")]
    tenant_id: TenantId,
    #[data(not_personal = "row version")]
    version: i64,
    #[data(not_personal = "name of an organisation, under its contract with the platform")]
    name: String,
    #[data(not_personal = "closed vocabulary")]
    state: String,
    #[data(not_personal = "services of the policy that the organisation chose")]
    chosen_services: Vec<String>,
    #[data(not_personal = "public address of the organisation's own policy")]
    privacy_policy_url: String,
    #[data(not_personal = "version of the organisation's own policy")]
    privacy_policy_version: String,
    #[data(not_personal = "time zone of the organisation")]
    time_zone: String,
    #[data(not_personal = "country whose law binds the organisation")]
    jurisdiction: String,
    #[data(not_personal = "time of the row")]
    created_at: jiff_diesel::Timestamp,
    #[data(not_personal = "time of the row")]
    changed_at: jiff_diesel::Timestamp,
}

/// Keeps a new tenant; says whether it was new. Who makes the same one at the same time waits for the other.
pub async fn insert(tx: &mut TenantTx, tenant: &Tenant) -> QueryResult<bool> {
    let made = diesel::insert_into(tenants::table).values(TenantRow::from(tenant)).on_conflict_do_nothing().execute(tx.conn()).await?;
    if made == 1 {
        say(tx, tenant);
    }
    Ok(made == 1)
}

/// The tenant of this transaction.
pub async fn find(tx: &mut TenantTx) -> QueryResult<Option<Tenant>> {
    let id = tx.tenant();
    tenants::table.find(id).select(TenantRow::as_select()).first(tx.conn()).await.optional().map(|row| row.map(Tenant::from))
}

/// The tenant of this transaction, which nobody else changes until its end.
pub async fn find_to_change(tx: &mut TenantTx) -> QueryResult<Option<Tenant>> {
    let id = tx.tenant();
    let row = tenants::table.find(id).select(TenantRow::as_select()).for_update().first(tx.conn()).await.optional()?;
    Ok(row.map(Tenant::from))
}

/// Keeps a changed tenant.
pub async fn update(tx: &mut TenantTx, tenant: &Tenant) -> QueryResult<()> {
    diesel::update(tenants::table.find(tenant.id)).set(TenantRow::from(tenant)).execute(tx.conn()).await?;
    say(tx, tenant);
    Ok(())
}

/// Tells the others the whole state.
pub fn say(tx: &mut TenantTx, tenant: &Tenant) {
    let event = Outgoing::new(&topics::TENANTS, tenant.id.as_bytes(), tenant.id, tx.clock(), &events::identity::Tenant::from(tenant));
    tx.publish(event);
}

impl From<&Tenant> for TenantRow {
    fn from(tenant: &Tenant) -> Self {
        let says = &tenant.says;
        Self {
            tenant_id: tenant.id,
            version: tenant.version,
            name: says.name.as_str().to_owned(),
            state: tenant.state.name().to_owned(),
            chosen_services: says.chosen_services.names().iter().map(|name| (*name).to_owned()).collect(),
            privacy_policy_url: says.privacy_policy_url.as_str().to_owned(),
            privacy_policy_version: says.privacy_policy_version.as_str().to_owned(),
            time_zone: says.time_zone.as_str().to_owned(),
            jurisdiction: says.jurisdiction.as_str().to_owned(),
            created_at: column(tenant.created_at),
            changed_at: column(tenant.changed_at),
        }
    }
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: row.tenant_id,
            version: row.version,
            state: TenantState::stored(&row.state),
            says: TenantSays {
                name: TenantName::stored(row.name),
                privacy_policy_url: PolicyUrl::stored(row.privacy_policy_url),
                privacy_policy_version: PolicyVersion::stored(row.privacy_policy_version),
                time_zone: TimeZoneName::stored(row.time_zone),
                jurisdiction: Jurisdiction::stored(row.jurisdiction),
                chosen_services: ChosenServices::stored(&row.chosen_services),
            },
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}
