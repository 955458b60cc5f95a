//! Contacts of the tenant, page by page.

use super::view::{Contacts, views};
use super::{Desk, ReadContacts};
use crate::error::{Error, Result};
use crate::store::people;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use db::TenantTx;
use opener::Asking;
use privacy::Verb;
use uuid::Uuid;
use web::cursor::{Cursors, Page};
use web::{Caller, Problem, Query, access_limit};

const ROUTE: &str = "list_contacts";

/// Contacts in the order of their ids, each as far as it may be seen for the purpose.
#[utoipa::path(tag = "contacts", params(Page, web::PurposeHeader), extensions(("x-access-limit" = json!(access_limit::<ReadContacts>()))),
    security(("bearer" = [])), responses((status = 200, body = Contacts), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/contacts")]
pub async fn list_contacts(
    caller: Caller<ReadContacts>,
    desk: Data<Desk>,
    cursors: Data<Cursors>,
    page: Query<Page>,
) -> Result<HttpResponse> {
    let (limit, tenant, purpose) = (page.0.limit()?, caller.tenant(), caller.purpose()?);
    let after = page.0.cursor.map(|cursor| cursors.decode::<Uuid>(tenant, ROUTE, &cursor)).transpose()?;
    let rows = desk
        .db
        .tx(tenant, "contacts.list", async |tx: &mut TenantTx| people::list(tx, after, i64::from(limit)).await.map_err(Error::from))
        .await?;
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next_cursor = rows.last().filter(|_| full).map(|last| cursors.encode(tenant, ROUTE, &last.id));
    let asking = Asking { tenant, principal: caller.principal(), limit: caller.limit(), purpose, verb: Verb::Read, operation: ROUTE };
    let opened = desk.opener.open(&asking, rows.iter().map(people::ContactRow::sealed).collect()).await?;
    Ok(opened.try_map(|opened| Ok::<_, Error>(Contacts { data: views(&rows, &opened)?, next_cursor }))?.respond(StatusCode::OK))
}
