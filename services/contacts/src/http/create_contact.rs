//! Makes a contact.

use super::body::Fields;
use super::view::ContactMeta;
use super::{Desk, WriteContacts};
use crate::domain::blobs::Blobs;
use crate::domain::fields::Values;
use crate::error::{Error, Result};
use crate::store::{ContactRow, people, suppressions};
use crate::telling;
use crate::vault::{Tokens, seal_blobs};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{DbError, TenantTx};
use events::contacts::Change;
use jiff_diesel::ToDiesel as _;
use kernel::{SubjectId, TenantId};
use privacy::{CategorySet, Verb};
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

/// Makes a contact of the caller's tenant. The answer repeats no value: read the contact for a purpose.
#[utoipa::path(tag = "contacts", request_body = Fields, params(IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<WriteContacts>()))),
    security(("bearer" = [])), responses(
        (status = 201, body = ContactMeta, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "it exists, the person is suppressed, or the tenant's privacy policy is not on record", body = Problem),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    ))]
#[post("/v1/contacts")]
pub async fn create_contact(
    caller: Caller<WriteContacts>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    body: ValidJson<Fields>,
) -> Result<HttpResponse> {
    desk.check_policy(&caller)?;
    let sent = body.value.categories();
    if !caller.limit().categories.covers(people::needed(people::role_in(caller.tenant()), sent)) {
        return Err(Error::CategoryNotGranted);
    }
    let values = body.value.values()?;
    if values.email.is_none() && values.telephone.is_none() {
        return Err(Problem::invalid("/email", "missing-identifier", "An e-mail address or a telephone number is needed.").into());
    }
    let tokens = desk.vault.indexes(caller.tenant()).await?.tokens(&values);
    let (row, replayed) = match before(&desk, caller.tenant(), &tokens, &key, &body.raw).await? {
        Some(row) => (row, true),
        None => insert(&desk, &make(&desk, caller.tenant(), &values, tokens).await?, sent, &key, &body.raw).await?,
    };
    let mut response = HttpResponse::Created();
    response.insert_header(("Location", format!("/v1/contacts/{}", row.id))).insert_header(etag(row.version));
    replay(&mut response, replayed);
    Ok(response.json(ContactMeta::from(&row)))
}

/// What an earlier request made, or what stands in the way. Looked at before a new person's key is made: it would stay, and nobody would have it.
async fn before(desk: &Desk, tenant: TenantId, tokens: &Tokens, key: &IdempotencyKey, raw: &[u8]) -> Result<Option<ContactRow>> {
    let known = desk.db.tx(tenant, "contacts.before", async |tx: &mut TenantTx| {
        if let Some(before) = key.look(tx, raw).await? {
            let id = before.resource.ok_or(Error::NotFound)?;
            return Ok(Some(people::find(tx, id).await?.ok_or(Error::NotFound)?));
        }
        match &tokens.email {
            Some(email) if people::has_email(tx, email).await? => Err(Error::Exists),
            _ => Ok(None),
        }
    });
    if let Some(row) = known.await? {
        return Ok(Some(row));
    }
    let suppressed = suppressions::among(&desk.db, tenant, tokens.suppressions().cloned().collect()).await?;
    if suppressed.is_empty() { Ok(None) } else { Err(Error::Suppressed) }
}

/// The row, sealed under a new person's keys.
async fn make(desk: &Desk, tenant: TenantId, values: &Values, tokens: Tokens) -> Result<ContactRow> {
    let (subject, now) = (SubjectId::random(), desk.db.clock().now().to_diesel());
    let keys = desk.vault.create(tenant, &[subject], Verb::Write).await?.pop().flatten().ok_or(Error::NotFound)?;
    let [personal, business, imported] = seal_blobs(tenant, subject, &keys, &Blobs::new(values));
    Ok(ContactRow { personal, business, imported, ..ContactRow::new(tenant, subject, now, tokens, values) })
}

async fn insert(desk: &Desk, row: &ContactRow, sent: CategorySet, key: &IdempotencyKey, raw: &[u8]) -> Result<(ContactRow, bool)> {
    let tenant = TenantId::from(row.tenant_id);
    let done = desk.db.tx(tenant, "contacts.create", async |tx: &mut TenantTx| {
        if let Some(before) = key.claim(tx, raw).await? {
            let id = before.resource.ok_or(Error::NotFound)?;
            return Ok((people::find(tx, id).await?.ok_or(Error::NotFound)?, true));
        }
        // Looked at after the insertion: who is being erased at this moment is a conflict by the address, and waited for by the number.
        people::insert(tx, std::slice::from_ref(row)).await?;
        if suppressions::any(tx, &row.suppressions()).await? {
            return Err(Error::Suppressed);
        }
        telling::changed(tx, row, Change::Created, sent);
        key.finish(tx, 201, Some(row.id)).await?;
        Ok((row.clone(), false))
    });
    match done.await {
        Err(Error::Db(DbError::Conflict(_))) => Err(Error::Exists),
        other => other,
    }
}
