//! Records: what was said, never rewritten.

use super::schema::records;
use db::TenantTx;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use privacy::PersonalData;
use uuid::Uuid;

/// A record as it is kept. The person stands in it as a random id; words are closed vocabularies.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PersonalData)]
#[diesel(table_name = records, treat_none_as_default_value = false)]
#[personal(store = "consent.records")]
pub struct Record {
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    #[data(not_personal = "the record's id")]
    pub id: Uuid,
    #[data(not_personal = "a random id")]
    pub subject_id: Uuid,
    #[data(not_personal = "the state's version")]
    pub version: i64,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "consent_proof")]
    pub purpose: String,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "consent_proof")]
    pub stance: String,
    #[data(not_personal = "closed vocabulary")]
    pub method: String,
    #[data(not_personal = "language of the text that was shown")]
    pub language: String,
    #[data(not_personal = "the tenant's name of its text")]
    pub text_version: String,
    #[data(not_personal = "hash of the tenant's text")]
    pub text_sha256: Option<Vec<u8>>,
    #[data(not_personal = "policy version")]
    pub policy_version: String,
    #[data(not_personal = "an API key's id")]
    pub principal_id: Uuid,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "consent_proof")]
    pub collected_at: jiff_diesel::Timestamp,
    #[data(not_personal = "time of the row")]
    pub recorded_at: jiff_diesel::Timestamp,
    #[data(not_personal = "the receipt's id")]
    pub receipt_id: Uuid,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "consent_proof")]
    pub receipt_jws: String,
}

pub async fn insert(tx: &mut TenantTx, record: &Record) -> QueryResult<()> {
    diesel::insert_into(records::table).values(record).execute(tx.conn()).await.map(drop)
}

/// A record by its own id or by its receipt's.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<Record>> {
    let tenant = tx.tenant().uuid();
    records::table.find((tenant, id)).select(Record::as_select()).first(tx.conn()).await.optional()
}

pub async fn find_by_receipt(tx: &mut TenantTx, receipt: Uuid) -> QueryResult<Option<Record>> {
    let tenant = tx.tenant().uuid();
    records::table
        .filter(records::tenant_id.eq(tenant).and(records::receipt_id.eq(receipt)))
        .select(Record::as_select())
        .first(tx.conn())
        .await
        .optional()
}

/// What a person said, newest first, before a version.
pub async fn of_person(tx: &mut TenantTx, subject: Uuid, before: i64, limit: i64) -> QueryResult<Vec<Record>> {
    let tenant = tx.tenant().uuid();
    records::table
        .filter(records::tenant_id.eq(tenant).and(records::subject_id.eq(subject)).and(records::version.lt(before)))
        .order(records::version.desc())
        .limit(limit)
        .select(Record::as_select())
        .load(tx.conn())
        .await
}
