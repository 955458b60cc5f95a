//! Deletes a contact.

use super::{Desk, WriteContacts};
use crate::acts::{self, About, Kind};
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
    let known = people::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    if !caller.limit().categories.covers(people::needed(known.role(), known.held())) {
        return Err(Error::CategoryNotGranted);
    }
    read.check(known.version)?;
    let person = About::Person(desk.vault.commitment(caller.tenant(), id.0).await?);
    desk.db
        .tx(caller.tenant(), "contacts.delete", async |tx: &mut TenantTx| {
            // Still in the version that was looked at: so what was checked holds.
            let mut row = people::find(tx, id.0.uuid()).await?.ok_or(Error::NotFound)?;
            read.check(row.version)?;
            people::delete(tx, row.id).await?;
            row.version += 1;
            acts::record(tx, caller.principal(), Kind::ContactDeleted, &person, &[]);
            telling::changed(tx, &row, Change::Deleted, CategorySet::EMPTY);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
