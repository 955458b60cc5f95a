//! The entries: what a tenant's leaves say.

use super::schema::{entries, subjects};
use super::tree::{signed, unsigned};
use crate::domain::entry::{Entry, Kind};
use db::TenantTx;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use jiff_diesel::ToDiesel;

/// An entry as it is kept: where it stands in the log, and its bytes.
#[derive(Clone, Debug)]
pub struct Stored {
    pub leaf: u64,
    pub data: Vec<u8>,
}

/// Keeps entries and by whom they are found, each in one statement.
pub async fn insert(tx: &mut TenantTx, first_leaf: u64, new: &[Entry]) -> QueryResult<()> {
    let tenant = tx.tenant().uuid();
    let leaves: Vec<i64> = (first_leaf..).take(new.len()).map(signed).collect();
    let found_by: Vec<(&[u8], i64)> = new
        .iter()
        .zip(&leaves)
        .flat_map(|(entry, leaf)| entry.commitments.iter().map(move |commitment| (commitment.as_slice(), *leaf)))
        .collect();
    diesel::sql_query("INSERT INTO audit.entries (tenant_id, leaf, kind, happened_at, data) SELECT $1, * FROM unnest($2, $3, $4, $5)")
        .bind::<Uuid, _>(tenant)
        .bind::<Array<BigInt>, _>(&leaves)
        .bind::<Array<Text>, _>(new.iter().map(|entry| entry.kind.name()).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(new.iter().map(|entry| entry.happened_at.to_diesel()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(new.iter().map(|entry| entry.data.as_slice()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    diesel::sql_query("INSERT INTO audit.subjects (tenant_id, commitment, leaf) SELECT $1, * FROM unnest($2, $3) ON CONFLICT DO NOTHING")
        .bind::<Uuid, _>(tenant)
        .bind::<Array<Binary>, _>(found_by.iter().map(|(commitment, _)| *commitment).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(found_by.iter().map(|(_, leaf)| *leaf).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The entry of a leaf, when it is this tenant's.
pub async fn find(tx: &mut TenantTx, leaf: u64) -> QueryResult<Option<Stored>> {
    let tenant = tx.tenant();
    entries::table
        .find((tenant.uuid(), signed(leaf)))
        .select((entries::leaf, entries::data))
        .first::<(i64, Vec<u8>)>(tx.conn())
        .await
        .optional()
        .map(|row| row.map(stored))
}

/// Reads, newest first, before a leaf.
pub async fn reads(tx: &mut TenantTx, before: Option<u64>, limit: i64) -> QueryResult<Vec<Stored>> {
    let tenant = tx.tenant();
    let rows = entries::table
        .filter(entries::tenant_id.eq(tenant.uuid()))
        .filter(entries::kind.eq(Kind::Read.name()))
        .filter(entries::leaf.lt(before.map_or(i64::MAX, signed)))
        .order(entries::leaf.desc())
        .limit(limit)
        .select((entries::leaf, entries::data))
        .load::<(i64, Vec<u8>)>(tx.conn())
        .await?;
    Ok(rows.into_iter().map(stored).collect())
}

/// Reads of one person, newest first, before a leaf.
pub async fn reads_of(tx: &mut TenantTx, commitment: &[u8; 32], before: Option<u64>, limit: i64) -> QueryResult<Vec<Stored>> {
    let tenant = tx.tenant();
    let rows = subjects::table
        .inner_join(entries::table.on(entries::tenant_id.eq(subjects::tenant_id).and(entries::leaf.eq(subjects::leaf))))
        .filter(subjects::tenant_id.eq(tenant.uuid()))
        .filter(subjects::commitment.eq(commitment.as_slice()))
        .filter(entries::kind.eq(Kind::Read.name()))
        .filter(subjects::leaf.lt(before.map_or(i64::MAX, signed)))
        .order(subjects::leaf.desc())
        .limit(limit)
        .select((entries::leaf, entries::data))
        .load::<(i64, Vec<u8>)>(tx.conn())
        .await?;
    Ok(rows.into_iter().map(stored).collect())
}

fn stored((leaf, data): (i64, Vec<u8>)) -> Stored {
    Stored { leaf: unsigned(leaf), data }
}
