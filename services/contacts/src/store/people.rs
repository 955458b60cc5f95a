//! Contacts.

use super::schema::contacts;
use crate::domain::blobs::SEALED;
use crate::domain::fields::Values;
use crate::vault::Tokens;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{SubjectId, TenantId};
use opener::SealedRow;
use privacy::{Category, CategorySet, PersonalData, RecordRole};
use uuid::Uuid;

/// A contact's row.
#[derive(Clone, Queryable, Selectable, QueryableByName, Insertable, AsChangeset, PersonalData)]
#[diesel(table_name = contacts, primary_key(tenant_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[personal(store = "contacts.contacts")]
pub struct ContactRow {
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    #[data(not_personal = "a random id")]
    pub id: Uuid,
    #[data(not_personal = "closed vocabulary")]
    pub role: String,
    #[data(not_personal = "closed vocabulary")]
    pub source: String,
    #[data(not_personal = "an assurance's id")]
    pub attestation_id: Option<Uuid>,
    #[data(not_personal = "an import's id")]
    pub import_id: Option<Uuid>,
    #[data(not_personal = "whether an assurance is wanting")]
    pub quarantined: bool,
    #[data(not_personal = "whether the person may be used")]
    pub suppressed: bool,
    #[data(not_personal = "version of the row")]
    pub version: i64,
    #[data(not_personal = "time of the row")]
    pub created_at: jiff_diesel::Timestamp,
    #[data(not_personal = "time of the row")]
    pub updated_at: jiff_diesel::Timestamp,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "relationship")]
    pub email_index: Option<Vec<u8>>,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "relationship")]
    pub telephone_index: Option<Vec<u8>>,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "suppression")]
    pub suppression_token: Option<Vec<u8>>,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "suppression")]
    pub suppression_telephone: Option<Vec<u8>>,
    #[data(category = preferences, sources(client, direct, provider), roles(controller, processor), retention = "relationship")]
    pub language: Option<String>,
    #[data(category = preferences, sources(client, direct, provider), roles(controller, processor), retention = "relationship")]
    pub time_zone: Option<String>,
    #[data(category = business, sources(client, direct, provider), roles(controller, processor), retention = "relationship")]
    pub employee_band: Option<String>,
    #[data(category = personal, sources(client, direct, provider), roles(controller, processor), retention = "relationship", sealed)]
    pub personal: Option<Vec<u8>>,
    #[data(category = business, sources(client, direct, provider), roles(controller, processor), retention = "relationship", sealed)]
    pub business: Option<Vec<u8>>,
    #[data(category = imported, sources(client, provider), roles(processor), retention = "relationship", sealed)]
    pub imported: Option<Vec<u8>>,
}

/// The store's name, as it stands in what is sealed.
pub const STORE: &str = "contacts.contacts";

impl ContactRow {
    /// A new person's row in its first version, with nothing sealed yet.
    pub fn new(tenant: TenantId, subject: SubjectId, now: jiff_diesel::Timestamp, tokens: Tokens, values: &Values) -> Self {
        let role = role_in(tenant);
        let source = if role == RecordRole::Controller { "direct" } else { "client" };
        Self {
            tenant_id: tenant.uuid(),
            id: subject.uuid(),
            role: role.name().to_owned(),
            source: source.to_owned(),
            attestation_id: None,
            import_id: None,
            quarantined: false,
            suppressed: false,
            version: 1,
            created_at: now,
            updated_at: now,
            email_index: tokens.email,
            telephone_index: tokens.telephone,
            suppression_token: tokens.suppression_email,
            suppression_telephone: tokens.suppression_telephone,
            language: values.language.clone(),
            time_zone: values.time_zone.clone(),
            employee_band: values.employee_band.map(|band| band.name().to_owned()),
            personal: None,
            business: None,
            imported: None,
        }
    }

    pub fn role(&self) -> RecordRole {
        if self.role == "controller" { RecordRole::Controller } else { RecordRole::Processor }
    }

    /// The categories of what is there.
    pub fn held(&self) -> CategorySet {
        let sealed = self.sealed();
        sealed.blobs.iter().map(|(category, _)| *category).collect::<CategorySet>().union(sealed.clear)
    }

    /// By what the person is kept out once they are erased.
    pub fn suppressions(&self) -> Vec<Vec<u8>> {
        [&self.suppression_token, &self.suppression_telephone].into_iter().flatten().cloned().collect()
    }

    /// The row as the opener takes it.
    pub fn sealed(&self) -> SealedRow {
        let columns = [&self.personal, &self.business, &self.imported];
        let blobs = SEALED.into_iter().zip(columns).filter_map(|(category, blob)| Some((category, blob.clone()?))).collect();
        let preferences = (self.language.is_some() || self.time_zone.is_some()).then_some(Category::Preferences);
        let business = self.employee_band.is_some().then_some(Category::Business);
        SealedRow {
            subject: self.id.into(),
            store: STORE,
            row: self.id,
            role: self.role(),
            quarantined: self.quarantined,
            suppressed: self.suppressed,
            blobs,
            clear: preferences.into_iter().chain(business).collect::<CategorySet>(),
        }
    }
}

/// The house's own people are its own; a client's are kept on its instruction.
pub fn role_in(tenant: TenantId) -> RecordRole {
    if tenant == TenantId::HOUSE { RecordRole::Controller } else { RecordRole::Processor }
}

/// What a limit must hold to write these categories of a record: a processor's is imported data, whatever else it is.
pub fn needed(role: RecordRole, categories: CategorySet) -> CategorySet {
    if role == RecordRole::Processor { categories.union(CategorySet::of(&[Category::Imported])) } else { categories }
}

/// A contact, in one round trip.
pub async fn read(db: &Db, tenant: TenantId, id: Uuid) -> Result<Option<ContactRow>, DbError> {
    let query = contacts::table.find((tenant.uuid(), id)).select(ContactRow::as_select());
    Ok(db.read(tenant, "contacts.get", query).await?.into_iter().next())
}

/// Contacts whose e-mail address or telephone number has one of these tokens, in one round trip.
pub async fn read_by_tokens(db: &Db, tenant: TenantId, emails: Vec<Vec<u8>>, telephones: Vec<Vec<u8>>) -> Result<Vec<ContactRow>, DbError> {
    let query = contacts::table
        .filter(contacts::tenant_id.eq(tenant.uuid()))
        .filter(contacts::email_index.eq_any(emails).or(contacts::telephone_index.eq_any(telephones)))
        .select(ContactRow::as_select());
    db.read(tenant, "contacts.by_tokens", query).await
}

/// A page of the contacts that one of these tokens is about, in the order of ids, in one round trip.
pub async fn search(db: &Db, tenant: TenantId, tokens: &Tokens, after: Option<Uuid>, limit: i64) -> Result<Vec<ContactRow>, DbError> {
    let (email, telephone): (Vec<_>, Vec<_>) = (tokens.email.clone().into_iter().collect(), tokens.telephone.clone().into_iter().collect());
    let query = contacts::table
        .filter(contacts::tenant_id.eq(tenant.uuid()).and(contacts::id.gt(after.unwrap_or(Uuid::nil()))))
        .filter(contacts::email_index.eq_any(email).or(contacts::telephone_index.eq_any(telephone)))
        .order(contacts::id)
        .limit(limit)
        .select(ContactRow::as_select());
    db.read(tenant, "contacts.search", query).await
}

/// Whether somebody has this e-mail address.
pub async fn has_email(tx: &mut TenantTx, email: &[u8]) -> QueryResult<bool> {
    let row = contacts::table.filter(contacts::tenant_id.eq(tx.tenant().uuid()).and(contacts::email_index.eq(email)));
    diesel::select(diesel::dsl::exists(row)).get_result(tx.conn()).await
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<ContactRow>> {
    let tenant = tx.tenant().uuid();
    contacts::table.find((tenant, id)).select(ContactRow::as_select()).for_update().first(tx.conn()).await.optional()
}

/// Contacts after an id, in the order of ids.
pub async fn list(tx: &mut TenantTx, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<ContactRow>> {
    let tenant = tx.tenant().uuid();
    contacts::table
        .filter(contacts::tenant_id.eq(tenant).and(contacts::id.gt(after.unwrap_or(Uuid::nil()))))
        .order(contacts::id)
        .limit(limit)
        .select(ContactRow::as_select())
        .load(tx.conn())
        .await
}

/// Replaces a row that is still in this version; says whether it was.
pub async fn replace(tx: &mut TenantTx, row: &ContactRow, version: i64) -> QueryResult<bool> {
    let target = contacts::table.find((row.tenant_id, row.id)).filter(contacts::version.eq(version));
    diesel::update(target).set(row).execute(tx.conn()).await.map(|rows| rows == 1)
}

pub async fn delete(tx: &mut TenantTx, id: Uuid) -> QueryResult<bool> {
    let tenant = tx.tenant().uuid();
    diesel::delete(contacts::table.find((tenant, id))).execute(tx.conn()).await.map(|rows| rows == 1)
}

/// Binds the columns of values, which every statement about many rows names last and in this order. A macro, since each bind changes the query's type.
macro_rules! with_values {
    ($query:expr, $rows:expr) => {
        $query
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.email_index.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.telephone_index.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.suppression_token.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.suppression_telephone.clone()))
            .bind::<Array<Nullable<Text>>, _>(all($rows, |row| row.language.clone()))
            .bind::<Array<Nullable<Text>>, _>(all($rows, |row| row.time_zone.clone()))
            .bind::<Array<Nullable<Text>>, _>(all($rows, |row| row.employee_band.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.personal.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.business.clone()))
            .bind::<Array<Nullable<Binary>>, _>(all($rows, |row| row.imported.clone()))
    };
}

/// Replaces rows in one statement, each the version after the one that is there; says whether all of them were.
pub async fn replace_all(tx: &mut TenantTx, rows: &[ContactRow]) -> QueryResult<bool> {
    let Some(first) = rows.first() else { return Ok(true) };
    let query = diesel::sql_query(
        "UPDATE contacts.contacts AS there SET version = rows.version, updated_at = rows.updated_at, source = rows.source, \
         attestation_id = rows.attestation_id, import_id = rows.import_id, quarantined = rows.quarantined, email_index = rows.email_index, \
         telephone_index = rows.telephone_index, suppression_token = rows.suppression_token, suppression_telephone = rows.suppression_telephone, \
         language = rows.language, time_zone = rows.time_zone, employee_band = rows.employee_band, personal = rows.personal, \
         business = rows.business, imported = rows.imported \
         FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         AS rows (id, version, updated_at, source, attestation_id, import_id, quarantined, email_index, telephone_index, suppression_token, suppression_telephone, language, \
         time_zone, employee_band, personal, business, imported) \
         WHERE there.tenant_id = $1 AND there.id = rows.id AND there.version = rows.version - 1",
    )
    .bind::<SqlUuid, _>(first.tenant_id)
    .bind::<Array<SqlUuid>, _>(all(rows, |row| row.id))
    .bind::<Array<BigInt>, _>(all(rows, |row| row.version))
    .bind::<Array<Timestamptz>, _>(all(rows, |row| row.updated_at))
    .bind::<Array<Text>, _>(all(rows, |row| row.source.clone()))
    .bind::<Array<Nullable<SqlUuid>>, _>(all(rows, |row| row.attestation_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(all(rows, |row| row.import_id))
    .bind::<Array<Bool>, _>(all(rows, |row| row.quarantined));
    Ok(with_values!(query, rows).execute(tx.conn()).await? == rows.len())
}

/// A column of rows, as an array to be bound.
fn all<T>(rows: &[ContactRow], column: impl Fn(&ContactRow) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

/// Inserts rows in one statement; a unique key that exists is an error for all of them.
pub async fn insert(tx: &mut TenantTx, rows: &[ContactRow]) -> QueryResult<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let query = diesel::sql_query(
        "INSERT INTO contacts.contacts (tenant_id, id, role, source, attestation_id, import_id, quarantined, suppressed, version, created_at, updated_at, \
         email_index, telephone_index, suppression_token, suppression_telephone, language, time_zone, employee_band, personal, business, imported) \
         SELECT $1, id, $2, $3, $4, $5, quarantined, suppressed, version, created_at, created_at, email_index, telephone_index, suppression_token, \
         suppression_telephone, language, time_zone, employee_band, personal, business, imported \
         FROM unnest($6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
         AS rows (id, quarantined, suppressed, version, created_at, email_index, telephone_index, suppression_token, suppression_telephone, language, \
         time_zone, employee_band, personal, business, imported)",
    )
    .bind::<SqlUuid, _>(first.tenant_id)
    .bind::<Text, _>(&first.role)
    .bind::<Text, _>(&first.source)
    .bind::<Nullable<SqlUuid>, _>(first.attestation_id)
    .bind::<Nullable<SqlUuid>, _>(first.import_id)
    .bind::<Array<SqlUuid>, _>(all(rows, |row| row.id))
    .bind::<Array<Bool>, _>(all(rows, |row| row.quarantined))
    .bind::<Array<Bool>, _>(all(rows, |row| row.suppressed))
    .bind::<Array<BigInt>, _>(all(rows, |row| row.version))
    .bind::<Array<Timestamptz>, _>(all(rows, |row| row.created_at));
    with_values!(query, rows).execute(tx.conn()).await.map(drop)
}

/// How many rows there are under an id.
pub async fn count(tx: &mut TenantTx, id: Uuid) -> QueryResult<i64> {
    let tenant = tx.tenant().uuid();
    contacts::table.find((tenant, id)).count().get_result(tx.conn()).await
}
