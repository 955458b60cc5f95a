//! Cases of the tenant, newest first.

use super::ReadCases;
use super::view::{CaseView, Cases};
use crate::desk::Desk;
use crate::error::Result;
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use uuid::Uuid;
use web::cursor::{Cursors, Page};
use web::{Caller, Problem, Query, access_limit};

const ROUTE: &str = "list_cases";

/// Cases, newest first, page by page.
#[utoipa::path(tag = "cases", params(Page), extensions(("x-access-limit" = json!(access_limit::<ReadCases>()))),
    responses((status = 200, body = Cases), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/cases")]
pub async fn list_cases(caller: Caller<ReadCases>, desk: Data<Desk>, cursors: Data<Cursors>, page: Query<Page>) -> Result<HttpResponse> {
    let (limit, tenant) = (page.0.limit()?, caller.tenant());
    let before = page.0.cursor.map(|cursor| cursors.decode::<Uuid>(tenant, ROUTE, &cursor)).transpose()?;
    let rows = cases::list(&desk.db, tenant, before, i64::from(limit)).await?;
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next_cursor = rows.last().filter(|_| full).map(|last| cursors.encode(tenant, ROUTE, &last.id));
    Ok(HttpResponse::Ok().json(Cases { data: rows.iter().map(CaseView::from).collect(), next_cursor }))
}
