//! Anybody asks, without an account.

use super::view::Kind;
use crate::desk::Desk;
use crate::domain::{request, secret};
use crate::error::{Error, Result};
use crate::opening::{Wanted, keep, prepare};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use kernel::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::idempotency::{IdempotencyKey, replay};
use web::{Problem, ValidJson};

/// A person's request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tenant": "house", "kind": "access", "email": "somebody@example.org"}))]
pub struct ContactUs {
    /// Who holds the data: a client's id, or `house` for the platform itself.
    tenant: String,
    kind: Kind,
    email: Option<String>,
    telephone: Option<String>,
    /// At most 4000 characters.
    message: Option<String>,
}

/// That the request has arrived. The same for people who are known and people who are not.
#[derive(Serialize, ToSchema)]
pub struct Received {
    /// Where the person sees how far it is. Whoever holds it may read that: it is shown once, and not to a repeated request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/c/Zm9v")]
    pub status_path: Option<String>,
    /// When they hear from those responsible, at the latest.
    #[schema(value_type = String, format = Date)]
    pub due: jiff::civil::Date,
}

/// Takes a request without an account. Those responsible make sure who is asking before anything is handed out or erased.
#[utoipa::path(tag = "contact us", request_body = ContactUs, params(IdempotencyKey), extensions(("x-public" = json!(true))),
    responses((status = 202, body = Received), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/contact-us")]
pub async fn contact_us(key: IdempotencyKey, desk: Data<Desk>, body: ValidJson<ContactUs>) -> Result<HttpResponse> {
    let ValidJson { value: sent, raw } = body;
    let identifiers = request::Identifiers::checked(sent.email.as_deref(), sent.telephone.as_deref())?;
    let message = request::message(sent.message.as_deref())?;
    let unknown = || Problem::invalid("/tenant", "unknown-tenant", "Nobody here has this id; `house` is the platform itself.");
    let tenant = if sent.tenant == "house" { TenantId::HOUSE } else { sent.tenant.parse::<TenantId>().map_err(|_| unknown())? };
    if desk.opener.tenants().get(tenant.as_bytes()).is_none() {
        return Err(unknown().into());
    }
    // Whoever asks has no account: a key is theirs together with what they are known by, and meets nobody else's.
    let key = key.of_somebody(&[sent.email.unwrap_or_default().as_bytes(), sent.telephone.unwrap_or_default().as_bytes()]);
    let wanted = Wanted { kind: sent.kind.name(), subject: None, identifiers: Some(identifiers), message, by: None };
    receive(&desk, tenant, &wanted, (&key, &raw)).await
}

/// Keeps the request and says where the person sees how far it is, the first time.
async fn receive(desk: &Desk, tenant: TenantId, wanted: &Wanted, (key, raw): (&IdempotencyKey, &[u8])) -> Result<HttpResponse> {
    let mut made = prepare(desk, tenant, wanted).await?;
    let (text, sha256) = secret::mint(tenant, made.id)?;
    made.secret_sha256 = Some(sha256);
    let (case, replayed) = desk
        .db
        .tx(tenant, "rights.contact_us", async |tx: &mut TenantTx| {
            if let Some(before) = key.claim(tx, raw).await? {
                let id = before.resource.ok_or(Error::NotFound)?;
                return Ok((cases::find(tx, id).await?.ok_or(Error::NotFound)?, true));
            }
            let mut case = made.clone();
            keep(desk, tx, &mut case, None).await?;
            key.finish(tx, 202, Some(case.id)).await?;
            Ok::<_, Error>((case, false))
        })
        .await?;
    let mut response = HttpResponse::Accepted();
    replay(&mut response, replayed);
    let status_path = (!replayed).then(|| format!("/c/{text}"));
    Ok(response.json(Received { status_path, due: case.due_legal.to_jiff() }))
}
