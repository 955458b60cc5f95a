//! Changes some fields of a contact.

use super::body::{Blanked, Fields};
use super::view::ContactMeta;
use super::{Desk, WriteContacts};
use crate::domain::blobs::Blobs;
use crate::domain::fields::Values;
use crate::error::{Error, Result};
use crate::store::{ContactRow, people, suppressions};
use crate::telling;
use crate::vault::{Tokens, own_limit, seal_blobs};
use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use db::{DbError, TenantTx};
use events::contacts::Change;
use jiff_diesel::ToDiesel as _;
use kernel::SubjectId;
use opener::Asking;
use privacy::{CategorySet, Purpose, Verb};
use web::etag::{IfMatch, etag};
use web::{Caller, Path, Problem, ValidJson, access_limit};

/// Replaces the fields that are sent, makes those blank that are sent as `null`, and leaves the others; an e-mail address or a telephone number stays. The answer repeats no value.
#[utoipa::path(tag = "contacts", request_body = Fields, params(("id" = SubjectId, Path), IfMatch), extensions(("x-access-limit" = json!(access_limit::<WriteContacts>()))),
    security(("bearer" = [])), responses(
        (status = 200, body = ContactMeta, headers(("ETag" = String))),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    ))]
#[patch("/v1/contacts/{id}")]
pub async fn update_contact(
    caller: Caller<WriteContacts>,
    desk: Data<Desk>,
    id: Path<SubjectId>,
    read: IfMatch,
    body: ValidJson<Fields>,
) -> Result<HttpResponse> {
    let blanked = Blanked::of(&body.raw);
    let sent = body.value.categories().union(blanked.categories());
    if !caller.limit().categories.covers(sent) {
        return Err(Error::CategoryNotGranted);
    }
    let values = body.value.values()?;
    let row = people::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    if !caller.limit().categories.covers(people::needed(row.role(), sent)) {
        return Err(Error::CategoryNotGranted);
    }
    read.check(row.version)?;
    let changed = change(&desk, &caller, &row, (&values, &blanked)).await?;
    keep(&desk, &row, &changed, sent).await?;
    Ok(HttpResponse::Ok().insert_header(etag(changed.version)).json(ContactMeta::from(&changed)))
}

/// The row with what was sent in place of what was there: opened and sealed again on the caller's instruction.
async fn change(
    desk: &Desk,
    caller: &Caller<WriteContacts>,
    row: &ContactRow,
    (values, blanked): (&Values, &Blanked),
) -> Result<ContactRow> {
    let (tenant, subject) = (caller.tenant(), SubjectId::from(row.id));
    let limit = own_limit();
    let asking = Asking {
        tenant,
        principal: caller.principal(),
        limit: &limit,
        purpose: Purpose::OPERATE,
        verb: Verb::Write,
        operation: "update_contact",
    };
    let opened = desk.opener.open(&asking, vec![row.sealed()]).await?.first().ok_or(Error::NotFound)?.for_work();
    if !opened.decision.withheld().is_empty() {
        return Err(Problem::new(web::Slug::RESTRICTED).into());
    }
    let mut blobs = Blobs::new(values);
    blobs.fill_blanks(&blanked.kept(Blobs::opened(|category| opened.blob(category))?));
    let keys = desk.vault.release(tenant, &[subject], Verb::Write).await?.pop().flatten().ok_or(Error::NotFound)?;
    let [personal, business, imported] = seal_blobs(tenant, subject, &keys, &blobs);
    let tokens = desk.vault.indexes(tenant).await?.tokens(values);
    let changed = in_clear(row, values, tokens, blanked);
    if changed.email_index.is_none() && changed.telephone_index.is_none() {
        return Err(Problem::invalid("/email", "missing-identifier", "An e-mail address or a telephone number stays.").into());
    }
    let updated_at = desk.db.clock().now().to_diesel();
    Ok(ContactRow { version: row.version + 1, updated_at, personal, business, imported, ..changed })
}

/// The row's columns that are not sealed, with what was sent; of an identifier that is gone no token stays.
fn in_clear(row: &ContactRow, values: &Values, tokens: Tokens, blanked: &Blanked) -> ContactRow {
    ContactRow {
        email_index: tokens.email.or_else(|| blanked.keep("email", row.email_index.clone())),
        telephone_index: tokens.telephone.or_else(|| blanked.keep("telephone", row.telephone_index.clone())),
        suppression_token: tokens.suppression_email.or_else(|| blanked.keep("email", row.suppression_token.clone())),
        suppression_telephone: tokens.suppression_telephone.or_else(|| blanked.keep("telephone", row.suppression_telephone.clone())),
        language: values.language.clone().or_else(|| blanked.keep("language", row.language.clone())),
        time_zone: values.time_zone.clone().or_else(|| blanked.keep("time_zone", row.time_zone.clone())),
        employee_band: values
            .employee_band
            .map(|band| band.name().to_owned())
            .or_else(|| blanked.keep("employee_count", row.employee_band.clone())),
        ..row.clone()
    }
}

async fn keep(desk: &Desk, row: &ContactRow, changed: &ContactRow, sent: CategorySet) -> Result<()> {
    let known = row.suppressions();
    let new: Vec<Vec<u8>> = changed.suppressions().into_iter().filter(|token| !known.contains(token)).collect();
    let done = desk.db.tx(changed.tenant_id.into(), "contacts.update", async |tx: &mut TenantTx| {
        if !people::replace(tx, changed, row.version).await? {
            return Err(Problem::new(web::Slug::STALE_VERSION).into());
        }
        if suppressions::any(tx, &new).await? {
            return Err(Error::Suppressed);
        }
        telling::changed(tx, changed, Change::Updated, sent);
        Ok(())
    });
    match done.await {
        Err(Error::Db(DbError::Conflict(_))) => Err(Error::Exists),
        other => other,
    }
}
