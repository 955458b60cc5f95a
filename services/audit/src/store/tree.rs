//! The tree: its size and the hashes of its complete subtrees.

use super::schema::head;
use crate::domain::merkle::{Edge, Hash, Plan, Position};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, SmallInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;

/// The size of the log.
async fn size(conn: &mut AsyncPgConnection) -> QueryResult<u64> {
    head::table.select(head::size).first::<i64>(conn).await.map(unsigned)
}

/// The right edge of the log, locked until the transaction ends: one writer at a time, so that leaves have no gaps.
pub async fn lock_edge(conn: &mut AsyncPgConnection) -> QueryResult<Edge> {
    let size = unsigned(head::table.select(head::size).for_update().first::<i64>(conn).await?);
    edge_of(conn, size).await
}

async fn edge_of(conn: &mut AsyncPgConnection, size: u64) -> QueryResult<Edge> {
    let positions = Edge::positions(size);
    let known = hashes(conn, &positions).await?;
    let peaks = positions.iter().filter_map(|position| known.get(position).copied()).collect();
    Edge::new(size, peaks).ok_or(diesel::result::Error::NotFound)
}

/// Keeps what an append made complete, and the new size.
pub async fn extend(conn: &mut AsyncPgConnection, size: u64, complete: &[(Position, Hash)]) -> QueryResult<()> {
    let levels: Vec<i16> = complete.iter().map(|(position, _)| i16::from(position.level)).collect();
    let indexes: Vec<i64> = complete.iter().map(|(position, _)| signed(position.index)).collect();
    let hashes: Vec<&[u8]> = complete.iter().map(|(_, hash)| hash.as_slice()).collect();
    diesel::sql_query("INSERT INTO audit.nodes (level, index, hash) SELECT * FROM unnest($1, $2, $3)")
        .bind::<Array<SmallInt>, _>(levels)
        .bind::<Array<BigInt>, _>(indexes)
        .bind::<Array<Binary>, _>(hashes)
        .execute(conn)
        .await?;
    diesel::update(head::table).set(head::size.eq(signed(size))).execute(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Node {
    #[diesel(sql_type = SmallInt)]
    level: i16,
    #[diesel(sql_type = BigInt)]
    index: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// The hashes at these positions, in one query.
async fn hashes(conn: &mut AsyncPgConnection, positions: &[Position]) -> QueryResult<HashMap<Position, Hash>> {
    let levels: Vec<i16> = positions.iter().map(|position| i16::from(position.level)).collect();
    let indexes: Vec<i64> = positions.iter().map(|position| signed(position.index)).collect();
    let rows = diesel::sql_query("SELECT level, index, hash FROM audit.nodes WHERE (level, index) IN (SELECT * FROM unnest($1, $2))")
        .bind::<Array<SmallInt>, _>(levels)
        .bind::<Array<BigInt>, _>(indexes)
        .load::<Node>(conn)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|node| {
            let position = Position { level: u8::try_from(node.level).ok()?, index: unsigned(node.index) };
            Some((position, node.hash.try_into().ok()?))
        })
        .collect())
}

/// What the plans come to in a log that has at least this size; nothing when it has not.
pub async fn prove(conn: &mut AsyncPgConnection, within: u64, plans: &[Plan]) -> QueryResult<Option<Vec<Hash>>> {
    if size(conn).await? < within {
        return Ok(None);
    }
    let positions: Vec<Position> = plans.iter().flat_map(Plan::positions).collect();
    let known = hashes(conn, &positions).await?;
    Ok(plans.iter().map(|plan| plan.evaluate(&known)).collect())
}

/// The edge as it is, without a lock.
pub async fn edge(conn: &mut AsyncPgConnection) -> QueryResult<Edge> {
    let size = size(conn).await?;
    edge_of(conn, size).await
}

/// The columns are checked to hold no negative number.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// A log of 2^63 leaves is out of reach.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
