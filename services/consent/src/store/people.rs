//! People, as far as a decision needs them, and their states.

use super::schema::{acknowledgements, records, states, subjects};
use crate::error::Error;
use db::{Db, TenantTx};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use events::consent::PersonState;
use events::contacts::ContactChanged;
use kernel::{SubjectId, TenantId};
use privacy::RecordRole;
use prost::Message as _;
use uuid::Uuid;

/// Whom consent has heard of.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub subject: SubjectId,
    pub role: RecordRole,
    pub quarantined: bool,
}

/// Keeps what was heard of each person, in one statement, unless something newer was heard before. Nobody may be in it twice.
pub async fn hear(tx: &mut TenantTx, heard: &[(SubjectId, &ContactChanged)]) -> QueryResult<()> {
    if heard.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO consent.subjects AS known (tenant_id, subject_id, role, quarantined, version) \
         SELECT $1, heard.subject_id, heard.role, heard.quarantined, heard.version \
         FROM unnest($2, $3, $4, $5) AS heard (subject_id, role, quarantined, version) \
         ON CONFLICT (tenant_id, subject_id) DO UPDATE SET role = excluded.role, quarantined = excluded.quarantined, version = excluded.version \
         WHERE known.version < excluded.version",
    )
    .bind::<SqlUuid, _>(tx.tenant().uuid())
    .bind::<Array<SqlUuid>, _>(heard.iter().map(|(subject, _)| subject.uuid()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(heard.iter().map(|(_, heard)| heard.role.as_str()).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(heard.iter().map(|(_, heard)| heard.quarantined).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(heard.iter().map(|(_, heard)| heard.version).collect::<Vec<_>>())
    .execute(tx.conn())
    .await
    .map(drop)
}

/// Lets people go whose contacts were deleted: no statement can be about them, nobody decides by what they said, and their records stay. Answers those of
/// whom there was a state that others have heard of. Who is unknown stays unknown.
pub async fn leave(tx: &mut TenantTx, gone: &[(SubjectId, &ContactChanged)]) -> QueryResult<Vec<SubjectId>> {
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, ids) = (tx.tenant().uuid(), gone.iter().map(|(subject, _)| subject.uuid()).collect::<Vec<_>>());
    diesel::sql_query(
        "UPDATE consent.subjects AS known SET gone = true, version = greatest(known.version, heard.version) \
         FROM unnest($2, $3) AS heard (subject_id, version) WHERE known.tenant_id = $1 AND known.subject_id = heard.subject_id",
    )
    .bind::<SqlUuid, _>(tenant)
    .bind::<Array<SqlUuid>, _>(&ids)
    .bind::<Array<BigInt>, _>(gone.iter().map(|(_, heard)| heard.version).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    let theirs = acknowledgements::tenant_id.eq(tenant).and(acknowledgements::subject_id.eq_any(&ids));
    diesel::delete(acknowledgements::table.filter(theirs)).execute(tx.conn()).await?;
    let theirs = states::tenant_id.eq(tenant).and(states::subject_id.eq_any(&ids));
    let had: Vec<Uuid> = diesel::delete(states::table.filter(theirs)).returning(states::subject_id).get_results(tx.conn()).await?;
    Ok(had.into_iter().map(SubjectId::from).collect())
}

/// Of whom consent has heard, and what was said by them and for them, all of one moment and in one round trip; in no order, and who is unknown or gone is missing.
pub async fn known(db: &Db, tenant: TenantId, wanted: &[SubjectId]) -> Result<Vec<(Person, Option<PersonState>)>, Error> {
    let ids: Vec<Uuid> = wanted.iter().map(kernel::SubjectId::uuid).collect();
    let query = subjects::table
        .left_join(states::table.on(states::tenant_id.eq(subjects::tenant_id).and(states::subject_id.eq(subjects::subject_id))))
        .filter(subjects::tenant_id.eq(tenant.uuid()))
        .filter(subjects::subject_id.eq_any(ids).and(subjects::gone.eq(false)))
        .select((subjects::subject_id, subjects::role, subjects::quarantined, states::state.nullable()));
    let rows: Vec<(Uuid, String, bool, Option<Vec<u8>>)> = db.read(tenant, "consent.known", query).await?;
    let known = rows.into_iter().map(|(id, role, quarantined, state)| {
        Ok((person(id, &role, quarantined), state.map(|state| PersonState::decode(state.as_slice())).transpose()?))
    });
    known.collect()
}

/// Somebody of whom consent has heard, unless they are gone.
pub async fn find(tx: &mut TenantTx, subject: SubjectId) -> QueryResult<Option<Person>> {
    let found = subjects::table
        .find((tx.tenant().uuid(), subject.uuid()))
        .filter(subjects::gone.eq(false))
        .select((subjects::subject_id, subjects::role, subjects::quarantined))
        .first::<(Uuid, String, bool)>(tx.conn())
        .await
        .optional()?;
    Ok(found.map(|(id, role, quarantined)| person(id, &role, quarantined)))
}

fn person(id: Uuid, role: &str, quarantined: bool) -> Person {
    Person { subject: id.into(), role: if role == "controller" { RecordRole::Controller } else { RecordRole::Processor }, quarantined }
}

/// The states of these people; who said nothing has none.
pub async fn states(tx: &mut TenantTx, wanted: &[SubjectId]) -> Result<Vec<(SubjectId, PersonState)>, Error> {
    let tenant = tx.tenant().uuid();
    let ids: Vec<Uuid> = wanted.iter().map(kernel::SubjectId::uuid).collect();
    let rows = states::table
        .filter(states::tenant_id.eq(tenant))
        .filter(states::subject_id.eq_any(ids))
        .select((states::subject_id, states::state))
        .load::<(Uuid, Vec<u8>)>(tx.conn())
        .await?;
    rows.into_iter().map(|(id, state)| Ok((id.into(), PersonState::decode(state.as_slice())?))).collect()
}

/// A person's state, locked until the transaction ends: statements about one person come one after the other.
pub async fn lock_state(tx: &mut TenantTx, subject: SubjectId) -> Result<Option<PersonState>, Error> {
    let key = (tx.tenant().uuid(), subject.uuid());
    // The person's row is locked, since a state may not be there yet.
    subjects::table.find(key).filter(subjects::gone.eq(false)).select(subjects::version).for_update().first::<i64>(tx.conn()).await?;
    let state = states::table.find(key).select(states::state).first::<Vec<u8>>(tx.conn()).await.optional()?;
    Ok(state.map(|bytes| PersonState::decode(bytes.as_slice())).transpose()?)
}

/// Replaces a person's state.
pub async fn keep_state(tx: &mut TenantTx, subject: SubjectId, state: &PersonState) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    diesel::insert_into(states::table)
        .values((
            states::tenant_id.eq(tenant),
            states::subject_id.eq(subject.uuid()),
            states::version.eq(state.version),
            states::state.eq(state.encode_to_vec()),
        ))
        .on_conflict((states::tenant_id, states::subject_id))
        .do_update()
        .set((states::version.eq(excluded(states::version)), states::state.eq(excluded(states::state))))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// How many rows there are about a person: (table, rows).
pub async fn count(tx: &mut TenantTx, subject: SubjectId) -> QueryResult<Vec<(&'static str, i64)>> {
    let (tenant, id) = (tx.tenant().uuid(), subject.uuid());
    let people =
        subjects::table.filter(subjects::tenant_id.eq(tenant).and(subjects::subject_id.eq(id))).count().get_result(tx.conn()).await?;
    let said = records::table.filter(records::tenant_id.eq(tenant).and(records::subject_id.eq(id))).count().get_result(tx.conn()).await?;
    let state = states::table.filter(states::tenant_id.eq(tenant).and(states::subject_id.eq(id))).count().get_result(tx.conn()).await?;
    let known = acknowledgements::table
        .filter(acknowledgements::tenant_id.eq(tenant).and(acknowledgements::subject_id.eq(id)))
        .count()
        .get_result(tx.conn())
        .await?;
    Ok(vec![("consent.subjects", people), ("consent.records", said), ("consent.states", state), ("consent.acknowledgements", known)])
}

/// Removes everything about a person; says whether there was a state that others have heard of.
pub async fn forget(tx: &mut TenantTx, subject: SubjectId) -> QueryResult<bool> {
    let (tenant, id) = (tx.tenant().uuid(), subject.uuid());
    diesel::delete(records::table.filter(records::tenant_id.eq(tenant).and(records::subject_id.eq(id)))).execute(tx.conn()).await?;
    diesel::delete(acknowledgements::table.filter(acknowledgements::tenant_id.eq(tenant).and(acknowledgements::subject_id.eq(id))))
        .execute(tx.conn())
        .await?;
    let had = diesel::delete(states::table.find((tenant, id))).execute(tx.conn()).await?;
    diesel::delete(subjects::table.find((tenant, id))).execute(tx.conn()).await?;
    Ok(had > 0)
}
