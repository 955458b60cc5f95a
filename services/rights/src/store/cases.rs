//! Cases.

use super::schema::cases;
use crate::domain::progress::State;
use db::{Db, DbError, TenantTx};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use events::rights::CaseKind;
use jiff_diesel::ToDiesel as _;
use kernel::{TenantId, Timestamp};
use privacy::PersonalData;
use uuid::Uuid;

/// The store's name in counts, places and the inventory.
pub const STORE: &str = "rights.cases";
/// What sets locks on a person apart from other advisory locks.
const PERSON: i32 = 1;

/// A case as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PersonalData)]
#[diesel(table_name = cases, primary_key(tenant_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[personal(store = "rights.cases")]
pub struct CaseRow {
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    #[data(not_personal = "the case's id")]
    pub id: Uuid,
    #[data(not_personal = "closed vocabulary")]
    pub kind: String,
    #[data(not_personal = "closed vocabulary")]
    pub state: String,
    #[data(not_personal = "closed vocabulary")]
    pub channel: String,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "case")]
    pub subject_id: Option<Uuid>,
    #[data(not_personal = "a keyed commitment, untied when the key is destroyed")]
    pub commitment: Option<Vec<u8>>,
    #[data(category = personal, sources(direct, client), roles(controller, processor), retention = "case_text", sealed)]
    pub identifiers: Option<Vec<u8>>,
    #[data(category = personal, sources(direct), roles(controller, processor), retention = "case_text", sealed)]
    pub message: Option<Vec<u8>>,
    #[data(not_personal = "whether a key waits for its end")]
    pub keyed: bool,
    #[data(not_personal = "a count")]
    pub matches: i32,
    #[data(not_personal = "hash of a random secret")]
    pub secret_sha256: Option<Vec<u8>>,
    #[data(not_personal = "closed vocabulary")]
    pub refusal: Option<String>,
    #[data(not_personal = "an API key's id")]
    pub opened_by: Option<Uuid>,
    #[data(not_personal = "time of the row")]
    pub received_at: jiff_diesel::Timestamp,
    #[data(not_personal = "a deadline")]
    pub due_internal: jiff_diesel::Date,
    #[data(not_personal = "a deadline")]
    pub due_legal: jiff_diesel::Date,
    #[data(not_personal = "time of the row")]
    pub asked_at: jiff_diesel::Timestamp,
    #[data(not_personal = "time of the row")]
    pub closed_at: Option<jiff_diesel::Timestamp>,
    #[data(not_personal = "what was done, without the person")]
    pub certificate_jws: Option<String>,
    #[data(not_personal = "version of the row")]
    pub version: i64,
}

impl CaseRow {
    pub fn kind(&self) -> CaseKind {
        if self.kind == "erasure" { CaseKind::Erasure } else { CaseKind::Access }
    }

    /// An unknown state is one in which nothing happens.
    pub fn state(&self) -> State {
        State::from_name(&self.state).unwrap_or(State::Refused)
    }

    /// Moves on; a final state closes the case.
    pub fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state.name().to_owned();
        self.asked_at = now.to_diesel();
        self.version += 1;
        if state.is_final() {
            self.closed_at = Some(now.to_diesel());
        }
    }
}

pub async fn insert(tx: &mut TenantTx, case: &CaseRow) -> QueryResult<()> {
    diesel::insert_into(cases::table).values(case).execute(tx.conn()).await.map(drop)
}

/// A case, in one round trip.
pub async fn read(db: &Db, tenant: TenantId, id: Uuid) -> Result<Option<CaseRow>, DbError> {
    let query = cases::table.find((tenant.uuid(), id)).select(CaseRow::as_select());
    Ok(db.read(tenant, "rights.case", query).await?.into_iter().next())
}

/// A case, locked until the transaction ends.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<CaseRow>> {
    let tenant = tx.tenant().uuid();
    cases::table.find((tenant, id)).select(CaseRow::as_select()).for_update().first(tx.conn()).await.optional()
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> QueryResult<Option<CaseRow>> {
    let tenant = tx.tenant().uuid();
    cases::table.find((tenant, id)).select(CaseRow::as_select()).first(tx.conn()).await.optional()
}

pub async fn replace(tx: &mut TenantTx, case: &CaseRow) -> QueryResult<()> {
    diesel::update(cases::table.find((case.tenant_id, case.id))).set(case).execute(tx.conn()).await.map(drop)
}

pub async fn delete(tx: &mut TenantTx, id: Uuid) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::delete(cases::table.find((tenant, id))).execute(tx.conn()).await.map(drop)
}

/// Cases of the tenant, newest first: the ids grow with time.
pub async fn list(db: &Db, tenant: TenantId, before: Option<Uuid>, limit: i64) -> Result<Vec<CaseRow>, DbError> {
    let query = cases::table
        .filter(cases::tenant_id.eq(tenant.uuid()).and(cases::id.lt(before.unwrap_or(Uuid::max()))))
        .order(cases::id.desc())
        .limit(limit)
        .select(CaseRow::as_select());
    db.read(tenant, "rights.cases", query).await
}

/// Cases about a person but for one, oldest first.
pub async fn of_person(db: &Db, tenant: TenantId, subject: Uuid, but: Uuid) -> Result<Vec<CaseRow>, DbError> {
    let query = cases::table
        .filter(cases::tenant_id.eq(tenant.uuid()).and(cases::subject_id.eq(subject)).and(cases::id.ne(but)))
        .order(cases::id)
        .select(CaseRow::as_select());
    db.read(tenant, "rights.cases_of_person", query).await
}

/// How many cases but one are about a person.
pub async fn count(tx: &mut TenantTx, subject: Uuid, but: Uuid) -> QueryResult<i64> {
    let tenant = tx.tenant().uuid();
    cases::table
        .filter(cases::tenant_id.eq(tenant).and(cases::subject_id.eq(subject)).and(cases::id.ne(but)))
        .count()
        .get_result(tx.conn())
        .await
}

/// Cases of a person begin and end one after the other: waits for whoever begins or ends another just now, and keeps others waiting until the
/// transaction ends. Whoever also locks a case locks it before.
pub async fn hold_person(tx: &mut TenantTx, subject: Uuid) -> QueryResult<()> {
    let [a, b, c, d, ..] = subject.into_bytes();
    diesel::sql_query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind::<Integer, _>(PERSON)
        .bind::<Integer, _>(i32::from_be_bytes([a, b, c, d]))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// The states of a person's erasures that are not closed, but for one.
pub async fn erasures_of_person(tx: &mut TenantTx, subject: Uuid, but: Uuid) -> QueryResult<Vec<String>> {
    let tenant = tx.tenant().uuid();
    cases::table
        .filter(cases::tenant_id.eq(tenant).and(cases::subject_id.eq(subject)).and(cases::id.ne(but)).and(cases::closed_at.is_null()))
        .filter(cases::kind.eq("erasure"))
        .select(cases::state)
        .load(tx.conn())
        .await
}

/// Cases of a person but for one that are not closed, locked.
pub async fn open_of_person(tx: &mut TenantTx, subject: Uuid, but: Uuid) -> QueryResult<Vec<CaseRow>> {
    let tenant = tx.tenant().uuid();
    cases::table
        .filter(cases::tenant_id.eq(tenant).and(cases::subject_id.eq(subject)).and(cases::id.ne(but)).and(cases::closed_at.is_null()))
        .order(cases::id)
        .select(CaseRow::as_select())
        .for_update()
        .load(tx.conn())
        .await
}

/// Takes the person out of every closed case but one; says which.
pub async fn untie(tx: &mut TenantTx, subject: Uuid, but: Uuid) -> QueryResult<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let others = cases::tenant_id.eq(tenant).and(cases::subject_id.eq(subject)).and(cases::id.ne(but));
    diesel::update(cases::table.filter(others.and(cases::closed_at.is_not_null())))
        .set((
            cases::subject_id.eq(None::<Uuid>),
            cases::identifiers.eq(None::<Vec<u8>>),
            cases::message.eq(None::<Vec<u8>>),
            cases::version.eq(cases::version + 1),
        ))
        .returning(cases::id)
        .get_results(tx.conn())
        .await
}
