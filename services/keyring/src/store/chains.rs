//! The one query that every release makes: holder, bucket, tenant's key and ledger, of one moment.
//!
//! Each table is asked row by row (`LATERAL … LIMIT 1`), by its primary key: a join that was planned while a table was still empty would go through the whole of it for
//! each holder, on every connection that keeps the plan, until statistics come.
//!
//! Written as a query of its own type, so that PostgreSQL parses it once a connection (diesel never keeps what `sql_query` says).

use super::holders::{Chain, WrappedBucket};
use crate::domain::holder::{Kind, Known};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, SmallInt, Uuid as SqlUuid};
use kernel::TenantId;
use uuid::Uuid;

/// The question what is known of these holders. Its rows come in the order asked.
pub struct Chains {
    tenant: Uuid,
    kind: i16,
    holders: Vec<Uuid>,
}

/// A row of the answer; [`known`] makes sense of it.
pub type Row = (Uuid, Option<Vec<u8>>, Option<Uuid>, Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>, bool);

impl Chains {
    /// Asks of these holders.
    pub fn of(tenant: TenantId, kind: Kind, holders: &[Uuid]) -> Self {
        Self { tenant: tenant.into(), kind: kind.number(), holders: holders.to_vec() }
    }
}

impl Query for Chains {
    type SqlType =
        (SqlUuid, Nullable<Binary>, Nullable<SqlUuid>, Nullable<BigInt>, Nullable<BigInt>, Nullable<Binary>, Nullable<Binary>, Bool);
}

impl QueryId for Chains {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Chains {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT asked.id, holders.wrapped, buckets.bucket_id, buckets.version, buckets.epoch, buckets.wrapped, tenant_epochs.wrapped, \
             ledger.holder_id IS NOT NULL \
             FROM (SELECT ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.tenant)?;
        out.push_sql("::uuid AS tenant_id, ");
        out.push_bind_param::<SmallInt, _>(&self.kind)?;
        out.push_sql("::smallint AS kind, id, place FROM unnest(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.holders)?;
        out.push_sql(
            "::uuid[]) WITH ORDINALITY AS given (id, place)) AS asked \
             LEFT JOIN LATERAL (SELECT wrapped, bucket_id FROM keyring.holders \
               WHERE tenant_id = asked.tenant_id AND holder_id = asked.id AND kind = asked.kind LIMIT 1) AS holders ON true \
             LEFT JOIN LATERAL (SELECT bucket_id, version, epoch, wrapped FROM keyring.buckets \
               WHERE tenant_id = asked.tenant_id AND bucket_id = holders.bucket_id LIMIT 1) AS buckets ON true \
             LEFT JOIN LATERAL (SELECT wrapped FROM keyring.tenant_epochs \
               WHERE tenant_id = asked.tenant_id AND epoch = buckets.epoch LIMIT 1) AS tenant_epochs ON true \
             LEFT JOIN LATERAL (SELECT holder_id FROM keyring.ledger \
               WHERE tenant_id = asked.tenant_id AND holder_id = asked.id LIMIT 1) AS ledger ON true \
             ORDER BY asked.place",
        );
        Ok(())
    }
}

/// What the rows say. The ledger has the last word: who stands there is shredded, whatever the table still holds.
pub fn known(rows: Vec<Row>) -> Vec<Known<Chain>> {
    rows.into_iter()
        .map(|row| match row {
            (.., true) => Known::Shredded,
            (holder, Some(wrapped), Some(id), Some(version), Some(epoch), Some(bucket), Some(epoch_wrapped), false) => {
                Known::Live(Chain { holder, wrapped, bucket: WrappedBucket { id, version, epoch, wrapped: bucket }, epoch_wrapped })
            }
            _ => Known::Unknown,
        })
        .collect()
}
