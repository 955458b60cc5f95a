//! Assurances of providers.

use super::schema::attestations;
use db::TenantTx;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// A provider's word that people agreed to collection, and perhaps to sharing.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attestations, treat_none_as_default_value = false)]
pub struct Attestation {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub provider: String,
    pub document_sha256: Vec<u8>,
    pub covers_collection: bool,
    pub covers_sharing: bool,
    pub signed_on: jiff_diesel::Date,
    pub expires_on: Option<jiff_diesel::Date>,
    pub created_at: jiff_diesel::Timestamp,
}

pub async fn insert(tx: &mut TenantTx, attestation: &Attestation) -> QueryResult<()> {
    diesel::insert_into(attestations::table).values(attestation).execute(tx.conn()).await.map(drop)
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<Attestation>> {
    let tenant = tx.tenant().uuid();
    attestations::table.find((tenant, id)).select(Attestation::as_select()).first(tx.conn()).await.optional()
}
