//! Deletes a contact.

use super::{Desk, WriteContacts};
use crate::error::{Error, Result};
use crate::store::people;
use crate::telling;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use db::TenantTx;
use events::contacts::Change;
use kernel::SubjectId;
use privacy::CategorySet;
use web::etag::IfMatch;
use web::{Caller, Path, Problem, access_limit};

/// Deletes a contact from use, which asks for every category that is there. Its copies in topics and backups stay sealed until their time is over; to make them unopenable, open an erasure case.
#[utoipa::path(tag = "contacts", params(("id" = SubjectId, Path), IfMatch), extensions(("x-access-limit" = json!(access_limit::<WriteContacts>()))),
    security(("bearer" = [])), responses((status = 204), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[delete("/v1/contacts/{id}")]
pub async fn delete_contact(caller: Caller<WriteContacts>, desk: Data<Desk>, id: Path<SubjectId>, read: IfMatch) -> Result<HttpResponse> {
    desk.db
        .tx(caller.tenant(), "contacts.delete", async |tx: &mut TenantTx| {
            let mut row = people::find(tx, id.0.uuid()).await?.ok_or(Error::NotFound)?;
            if !caller.limit().categories.covers(people::needed(row.role(), row.held())) {
                return Err(Error::CategoryNotGranted);
            }
            read.check(row.version)?;
            people::delete(tx, row.id).await?;
            row.version += 1;
            telling::changed(tx, &row, Change::Deleted, CategorySet::EMPTY);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
