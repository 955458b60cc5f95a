//! The erasure ledger. What is entered stays; the only change is from recorded to shredded, once.

use crate::domain::holder::Kind;
use db::TenantTx;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use privacy::PersonalData;
use uuid::Uuid;

/// A holder that is to be shredded, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose key.
    pub holder: Uuid,
    /// What kind of holder.
    pub kind: Kind,
    /// The rights case that asked for it; none when a service destroyed a key of its own on its date.
    pub case: Option<Uuid>,
    /// What became of it.
    pub state: State,
}

/// What became of an entry. Times in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It must be done: nobody gets the key any more, but it is still there.
    Recorded,
    /// It was done.
    Shredded {
        /// When.
        at_us: i64,
        /// From when on no copy of the key store opens it.
        unrecoverable_by_us: i64,
    },
}

/// A row of the table, for the register of processing.
#[derive(PersonalData)]
#[personal(store = "keyring.ledger")]
pub struct LedgerRecord {
    /// The tenant.
    #[data(not_personal = "the tenant's id")]
    pub tenant_id: Uuid,
    /// The holder.
    #[data(not_personal = "a random id whose key is gone: proof that it was erased, and the list of ids that must not come back")]
    pub holder_id: Uuid,
    /// Person, import or case.
    #[data(not_personal = "closed vocabulary")]
    pub kind: i16,
    /// The case.
    #[data(not_personal = "a case's id")]
    pub case_id: Option<Uuid>,
    /// When it was asked.
    #[data(not_personal = "time of the row")]
    pub recorded_at_us: i64,
    /// What became of it.
    #[data(not_personal = "closed vocabulary")]
    pub state: String,
    /// When it was done.
    #[data(not_personal = "time of the row")]
    pub shredded_at_us: Option<i64>,
    /// From when on it cannot be undone.
    #[data(not_personal = "time of the row")]
    pub unrecoverable_by_us: Option<i64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    holder_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    kind: i16,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    shredded_at_us: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unrecoverable_by_us: Option<i64>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let state = match (row.shredded_at_us, row.unrecoverable_by_us) {
            (Some(at_us), Some(unrecoverable_by_us)) => State::Shredded { at_us, unrecoverable_by_us },
            _ => State::Recorded,
        };
        let kind = Kind::from_number(row.kind.into()).expect("the table holds known kinds only");
        Self { holder: row.holder_id, kind, case: row.case_id, state }
    }
}

const COLUMNS: &str = "SELECT holder_id, kind, case_id, shredded_at_us, unrecoverable_by_us FROM keyring.ledger WHERE tenant_id = $1";

/// Enters a holder; the first entry stands.
pub async fn record(tx: &mut TenantTx, kind: Kind, holder: Uuid, case: Option<Uuid>, now_us: i64) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("INSERT INTO keyring.ledger (tenant_id, holder_id, kind, case_id, recorded_at_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .bind::<SmallInt, _>(kind.number())
        .bind::<Nullable<SqlUuid>, _>(case)
        .bind::<BigInt, _>(now_us)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// A holder's entry.
pub async fn find(tx: &mut TenantTx, holder: Uuid) -> QueryResult<Option<Entry>> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Row> =
        sql_query(format!("{COLUMNS} AND holder_id = $2")).bind::<SqlUuid, _>(tenant).bind::<SqlUuid, _>(holder).load(tx.conn()).await?;
    Ok(rows.into_iter().next().map(Entry::from))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Whether any of these holders was entered.
pub async fn any(tx: &mut TenantTx, holders: &[Uuid]) -> QueryResult<bool> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Found> = sql_query("SELECT EXISTS (SELECT FROM keyring.ledger WHERE tenant_id = $1 AND holder_id = ANY($2)) AS found")
        .bind::<SqlUuid, _>(tenant)
        .bind::<Array<SqlUuid>, _>(holders)
        .load(tx.conn())
        .await?;
    Ok(rows.iter().any(|row| row.found))
}

/// A holder's entry, locked.
pub async fn lock(tx: &mut TenantTx, holder: Uuid) -> QueryResult<Option<Entry>> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Row> = sql_query(format!("{COLUMNS} AND holder_id = $2 FOR UPDATE"))
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next().map(Entry::from))
}

/// Says that a recorded holder is shredded.
pub async fn complete(tx: &mut TenantTx, holder: Uuid, at_us: i64, unrecoverable_by_us: i64) -> QueryResult<()> {
    let tenant: Uuid = tx.tenant().into();
    sql_query("UPDATE keyring.ledger SET state = 'shredded', shredded_at_us = $3, unrecoverable_by_us = $4 WHERE tenant_id = $1 AND holder_id = $2 AND state = 'recorded'")
        .bind::<SqlUuid, _>(tenant)
        .bind::<SqlUuid, _>(holder)
        .bind::<BigInt, _>(at_us)
        .bind::<BigInt, _>(unrecoverable_by_us)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Those whose shredding was begun and not finished: a process died between.
pub async fn unfinished(tx: &mut TenantTx) -> QueryResult<Vec<Entry>> {
    let tenant: Uuid = tx.tenant().into();
    let rows: Vec<Row> =
        sql_query(format!("{COLUMNS} AND state = 'recorded' ORDER BY recorded_at_us")).bind::<SqlUuid, _>(tenant).load(tx.conn()).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}
