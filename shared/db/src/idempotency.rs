//! Requests that a client may repeat: the first one has its effect, the others get its answer again.

use crate::TenantTx;
use crate::schema::idempotency;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::ToSpan as _;
use jiff_diesel::ToDiesel as _;
use kernel::Timestamp;
use uuid::Uuid;

/// How long a key is remembered (24 hours).
const REMEMBERED_HOURS: i64 = 24;

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody used it: it is ours, as soon as this transaction commits.
    First,
    /// The same request was answered before, with this status and about this resource.
    Done { status: u16, resource: Option<Uuid> },
    /// The key was used for another body.
    OtherBody,
}

/// Claims a key for a body. Two requests at the same time: the second waits until the first has committed or rolled back.
///
/// # Errors
/// The query failed; a lock that is not had in time says that the first request is still running.
pub async fn claim(tx: &mut TenantTx, key: &str, body_hmac: &[u8]) -> QueryResult<Claim> {
    let (tenant, now) = (tx.tenant(), tx.clock().now());
    let expires_at = now.checked_add(REMEMBERED_HOURS.hours()).unwrap_or(now);
    diesel::delete(idempotency::table.find((tenant.uuid(), key)).filter(idempotency::expires_at.le(now.to_diesel())))
        .execute(tx.conn())
        .await?;
    let claimed = diesel::insert_into(idempotency::table)
        .values((
            idempotency::tenant_id.eq(tenant.uuid()),
            idempotency::key.eq(key),
            idempotency::body_hmac.eq(body_hmac),
            idempotency::expires_at.eq(expires_at.to_diesel()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    if claimed == 1 {
        return Ok(Claim::First);
    }
    // Locked: whoever answers it anew is waited for, and what they say is what is read.
    idempotency::table.find((tenant.uuid(), key)).select(idempotency::key).for_update().first::<String>(tx.conn()).await?;
    known(tx, key, body_hmac, Timestamp::UNIX_EPOCH).await?.ok_or(diesel::result::Error::NotFound)
}

/// What became of an earlier request with this key, without claiming it; `None` when there was none.
///
/// # Errors
/// The query failed.
pub async fn look(tx: &mut TenantTx, key: &str, body_hmac: &[u8]) -> QueryResult<Option<Claim>> {
    let now = tx.clock().now();
    known(tx, key, body_hmac, now).await
}

async fn known(tx: &mut TenantTx, key: &str, body_hmac: &[u8], at: Timestamp) -> QueryResult<Option<Claim>> {
    let tenant = tx.tenant();
    let known = idempotency::table
        .find((tenant.uuid(), key))
        .filter(idempotency::expires_at.gt(at.to_diesel()))
        .select((idempotency::body_hmac, idempotency::status, idempotency::resource_id))
        .first::<(Vec<u8>, Option<i16>, Option<Uuid>)>(tx.conn())
        .await
        .optional()?;
    Ok(known.map(|(known, status, resource)| {
        if known == body_hmac {
            Claim::Done { status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200), resource }
        } else {
            Claim::OtherBody
        }
    }))
}

/// Keeps what was answered, in the transaction that claimed the key.
///
/// # Errors
/// The query failed.
pub async fn finish(tx: &mut TenantTx, key: &str, status: u16, resource: Option<Uuid>) -> QueryResult<()> {
    let tenant = tx.tenant();
    diesel::update(idempotency::table.find((tenant.uuid(), key)))
        .set((idempotency::status.eq(i16::try_from(status).ok()), idempotency::resource_id.eq(resource)))
        .execute(tx.conn())
        .await
        .map(drop)
}
