//! Reads a contact for a purpose.

use super::view::ContactView;
use super::{Desk, ReadContacts};
use crate::error::{Error, Result};
use crate::store::people;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::SubjectId;
use opener::Asking;
use privacy::Verb;
use web::etag::etag;
use web::{Caller, Path, Problem, access_limit};

/// A contact: what may be seen for the purpose, and what is withheld with the reason.
#[utoipa::path(tag = "contacts", params(("id" = SubjectId, Path), web::PurposeHeader), extensions(("x-access-limit" = json!(access_limit::<ReadContacts>()))),
    security(("bearer" = [])), responses(
        (status = 200, body = ContactView, headers(("ETag" = String))),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    ))]
#[get("/v1/contacts/{id}")]
pub async fn get_contact(caller: Caller<ReadContacts>, desk: Data<Desk>, id: Path<SubjectId>) -> Result<HttpResponse> {
    let asking = Asking {
        tenant: caller.tenant(),
        principal: caller.principal(),
        limit: caller.limit(),
        purpose: caller.purpose()?,
        verb: Verb::Read,
        operation: "get_contact",
    };
    let row = people::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    let opened = desk.opener.open(&asking, vec![row.sealed()]).await?.first().ok_or(Error::NotFound)?;
    let view = opened.try_map(|opened| ContactView::new(&row, &opened))?;
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(row.version));
    Ok(view.respond_with(response))
}
