//! Checkpoints that were signed.

use super::schema::checkpoints;
use super::tree::{signed, unsigned};
use crate::domain::checkpoint::Checkpoint;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use jiff_diesel::ToDiesel;
use kernel::Timestamp;

/// Keeps a signed checkpoint; the first one of a size stays.
pub async fn insert(conn: &mut AsyncPgConnection, checkpoint: &Checkpoint, note: &str, signed_at: Timestamp) -> QueryResult<()> {
    diesel::insert_into(checkpoints::table)
        .values((
            checkpoints::size.eq(signed(checkpoint.size)),
            checkpoints::root.eq(checkpoint.root.as_slice()),
            checkpoints::note.eq(note),
            checkpoints::signed_at.eq(signed_at.to_diesel()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .map(drop)
}

/// The newest checkpoint: its size and its note.
pub async fn newest(conn: &mut AsyncPgConnection) -> QueryResult<Option<(u64, String)>> {
    checkpoints::table
        .order(checkpoints::size.desc())
        .select((checkpoints::size, checkpoints::note))
        .first::<(i64, String)>(conn)
        .await
        .optional()
        .map(|row| row.map(|(size, note)| (unsigned(size), note)))
}
