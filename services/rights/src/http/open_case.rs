//! A tenant opens a case.

use super::view::{CaseView, Kind};
use super::{HandleCases, may};
use crate::desk::Desk;
use crate::domain::request::Identifiers;
use crate::error::{Error, Result};
use crate::opening::{Wanted, keep, prepare};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use kernel::SubjectId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

/// A request that a tenant received: about a contact it knows, or about whoever matches an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "access", "subject_id": "4b1f7d6a-9c1e-4f0a-8f4e-0d2f6f2f9a11"}))]
pub struct OpenCase {
    kind: Kind,
    /// The contact; or else something to find them by.
    subject_id: Option<SubjectId>,
    email: Option<String>,
    telephone: Option<String>,
}

/// Opens a case and starts it: whoever calls has made sure who is asking. For an erasure the verb `erase` is needed besides.
#[utoipa::path(tag = "cases", request_body = OpenCase, params(IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<HandleCases>()))),
    responses((status = 201, body = CaseView, headers(("Location" = String), ("ETag" = String))), (status = 409, description = "an erasure of the person is open", body = Problem),
        (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/cases")]
pub async fn open_case(
    caller: Caller<HandleCases>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    body: ValidJson<OpenCase>,
) -> Result<HttpResponse> {
    let ValidJson { value: sent, raw } = body;
    may(&caller, sent.kind.name())?;
    let identifiers = match sent.subject_id {
        Some(_) if sent.email.is_some() || sent.telephone.is_some() => {
            return Err(
                Problem::invalid("/subject_id", "one-or-the-other", "Name the contact, or something to find them by; not both.").into()
            );
        }
        Some(_) => None,
        None => Some(Identifiers::checked(sent.email.as_deref(), sent.telephone.as_deref())?),
    };
    let by = Some(caller.principal());
    let wanted = Wanted { kind: sent.kind.name(), subject: sent.subject_id.map(|id| id.uuid()), identifiers, message: None, by };
    let made = prepare(&desk, caller.tenant(), &wanted).await?;
    let (case, replayed) = desk
        .db
        .tx(caller.tenant(), "rights.open", async |tx: &mut TenantTx| {
            if let Some(before) = key.claim(tx, &raw).await? {
                let id = before.resource.ok_or(Error::NotFound)?;
                return Ok((cases::find(tx, id).await?.ok_or(Error::NotFound)?, true));
            }
            let mut case = made.clone();
            keep(&desk, tx, &mut case, by).await?;
            key.finish(tx, 201, Some(case.id)).await?;
            Ok::<_, Error>((case, false))
        })
        .await?;
    let mut response = HttpResponse::Created();
    response.insert_header(("Location", format!("/v1/cases/{}", case.id))).insert_header(etag(case.version));
    replay(&mut response, replayed);
    Ok(response.json(CaseView::from(&case)))
}
