//! Who looked at whom, what and why: all of a tenant's.

use super::view::{ReadView, Reads};
use super::{ReadAudit, for_audit};
use crate::error::Result;
use crate::store::entries::{self, Stored};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::{Db, TenantTx};
use web::cursor::{Cursors, Page};
use web::{Caller, Problem, Query, access_limit};

pub const ROUTE: &str = "list_reads";

/// Reads of personal values of this tenant's people, newest first.
#[utoipa::path(tag = "audit", params(Page), extensions(("x-access-limit" = json!(access_limit::<ReadAudit>()))), security(("bearer" = [])), responses(
    (status = 200, body = Reads),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[get("/v1/reads")]
pub async fn list_reads(caller: Caller<ReadAudit>, db: Data<Db>, cursors: Data<Cursors>, Query(page): Query<Page>) -> Result<HttpResponse> {
    for_audit(&caller)?;
    let limit = page.limit()?;
    let before = page.cursor.map(|cursor| cursors.decode::<u64>(caller.tenant(), ROUTE, &cursor)).transpose()?;
    let rows = db
        .tx(caller.tenant(), "audit.reads", async |tx: &mut TenantTx| {
            entries::reads(tx, before, i64::from(limit)).await.map_err(crate::error::Error::from)
        })
        .await?;
    let next_cursor = next(&rows, limit).map(|leaf| cursors.encode(caller.tenant(), ROUTE, &leaf));
    let data = rows.iter().filter_map(|row| ReadView::new(row, None).transpose()).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(Reads { data, next_cursor }))
}

/// The leaf before which the next page begins; a page that is not full is the last.
pub(super) fn next(rows: &[Stored], limit: u32) -> Option<u64> {
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    rows.last().filter(|_| full).map(|row| row.leaf)
}
