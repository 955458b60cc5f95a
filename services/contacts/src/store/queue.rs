//! Imports that wait to be worked on, and who works on them. Rows of the house.

use super::schema::queue;
use db::{Db, DbError, TenantTx};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel as _;
use kernel::{TenantId, Timestamp};
use uuid::Uuid;

/// Whether nobody claims a run any more.
const ENDED: &str = "coalesce(claimed_until < clock_timestamp(), true)";

/// A run that is to be looked at.
pub struct Due {
    pub tenant: TenantId,
    pub import: Uuid,
    /// When it was to be looked at.
    at: jiff_diesel::Timestamp,
    /// Whether no other process works on it.
    pub free: bool,
}

/// Lets a run be looked at from this time on, instead of any other.
pub async fn enqueue(db: &Db, of: TenantId, import: Uuid, due: Timestamp) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.enqueue", async |tx: &mut TenantTx| {
        let due_at = queue::due_at.eq(due.to_diesel());
        let row = (queue::tenant_id.eq(TenantId::HOUSE.uuid()), queue::import_id.eq(import), queue::of_tenant.eq(of.uuid()), due_at);
        let again = diesel::insert_into(queue::table).values(row).on_conflict((queue::tenant_id, queue::import_id)).do_update().set(due_at);
        again.execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// Lets a run rest until this time, unless it was asked for again meanwhile.
pub async fn postpone(db: &Db, run: &Due, due: Timestamp) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.postpone", async |tx: &mut TenantTx| {
        let row = queue::table.find((TenantId::HOUSE.uuid(), run.import)).filter(queue::due_at.eq(run.at));
        let set = (queue::due_at.eq(due.to_diesel()), queue::claimed_until.eq(None::<jiff_diesel::Timestamp>));
        diesel::update(row).set(set).execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// Takes a run out of the queue.
pub async fn dequeue(db: &Db, import: Uuid) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.dequeue", async |tx: &mut TenantTx| {
        diesel::delete(queue::table.find((TenantId::HOUSE.uuid(), import))).execute(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// The runs that are to be looked at, in the order in which they came.
pub async fn due(db: &Db) -> Result<Vec<Due>, DbError> {
    let query = queue::table
        .filter(queue::tenant_id.eq(TenantId::HOUSE.uuid()).and(queue::due_at.le(db.clock().now().to_diesel())))
        .order(queue::import_id)
        .select((queue::of_tenant, queue::import_id, queue::due_at, queue::claimed_by, sql::<Bool>(ENDED)));
    let rows: Vec<(Uuid, Uuid, jiff_diesel::Timestamp, Option<String>, bool)> = db.read(TenantId::HOUSE, "imports.queued", query).await?;
    let me = Some(me(db));
    let due = rows.into_iter().map(|(of, import, at, by, ended)| Due { tenant: of.into(), import, at, free: ended || by == me });
    Ok(due.collect())
}

/// Claims a run for this process, or goes on doing so; says whether it is ours.
pub async fn claim(db: &Db, import: Uuid) -> Result<bool, DbError> {
    db.tx(TenantId::HOUSE, "imports.claim", async |tx: &mut TenantTx| {
        let row = queue::table
            .find((TenantId::HOUSE.uuid(), import))
            .filter(queue::claimed_by.is_not_distinct_from(me(db)).or(sql::<Bool>(ENDED)));
        // The database's clock, which all processes share, and which goes on where a service's is held.
        let until = queue::claimed_until.eq(sql::<Nullable<Timestamptz>>("clock_timestamp() + interval '10 seconds'"));
        let claimed = diesel::update(row).set((queue::claimed_by.eq(me(db)), until)).execute(tx.conn()).await?;
        Ok(claimed == 1)
    })
    .await
}

/// Leaves a run to whoever comes; every run, where none is named.
pub async fn release(db: &Db, import: Option<Uuid>) -> Result<(), DbError> {
    db.tx(TenantId::HOUSE, "imports.release", async |tx: &mut TenantTx| {
        let rows = queue::table.filter(queue::tenant_id.eq(TenantId::HOUSE.uuid()).and(queue::claimed_by.eq(me(db))));
        let set = queue::claimed_until.eq(None::<jiff_diesel::Timestamp>);
        match import {
            Some(import) => diesel::update(rows.filter(queue::import_id.eq(import))).set(set).execute(tx.conn()).await?,
            None => diesel::update(rows).set(set).execute(tx.conn()).await?,
        };
        Ok(())
    })
    .await
}

fn me(db: &Db) -> String {
    db.runtime().instance().to_owned()
}
