//! The tenant has made sure who is asking.

use super::view::CaseView;
use super::{HandleCases, may, shown};
use crate::desk::{Desk, act};
use crate::domain::progress::State;
use crate::error::{Error, Result};
use crate::opening::only_erasure;
use crate::store::cases::{self, CaseRow};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use kernel::{CaseId, SubjectId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::idempotency::IdempotencyKey;
use web::{Caller, Path, Problem, ValidJson, access_limit};

/// Who it is, where it is known already.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The contact; needed where several match.
    subject_id: Option<SubjectId>,
}

/// Confirms who is asking (GDPR 12(6)); the case starts.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path), IdempotencyKey), request_body = Confirmation, extensions(("x-access-limit" = json!(access_limit::<HandleCases>()))),
    responses((status = 200, body = CaseView, headers(("ETag" = String))), (status = 409, description = "it does not wait for a confirmation, several people match, or an erasure of the person is open", body = Problem),
        (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/cases/{id}/confirm")]
pub async fn confirm_case(
    caller: Caller<HandleCases>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    id: Path<CaseId>,
    body: ValidJson<Confirmation>,
) -> Result<HttpResponse> {
    let named = body.value.subject_id.map(|id| id.uuid());
    let (case, replayed) = desk
        .db
        .tx(caller.tenant(), "rights.confirm", async |tx: &mut TenantTx| {
            let mut case = cases::lock(tx, id.0.uuid()).await?.ok_or(Error::NotFound)?;
            may(&caller, &case.kind)?;
            if key.claim(tx, &body.raw).await?.is_some() {
                return Ok((case, true));
            }
            name_person(&mut case, named)?;
            only_erasure(tx, &case).await?;
            act(tx, &case, "rights.case_confirmed", Some(caller.principal()));
            desk.enter(tx, &mut case, if named.is_some() { State::Planning } else { State::Finding }).await?;
            key.finish(tx, 200, Some(case.id)).await?;
            Ok::<_, Error>((case, false))
        })
        .await?;
    desk.look_now(caller.tenant(), &[case.id]).await?;
    Ok(shown(&case, replayed))
}

/// Writes down whom the case is about; several people match what was given, and nobody is named: refused.
fn name_person(case: &mut CaseRow, named: Option<Uuid>) -> Result<()> {
    if case.state() != State::AwaitingConfirmation {
        return Err(Error::WrongState);
    }
    if case.matches > 1 && named.is_none() {
        return Err(Error::Ambiguous);
    }
    case.subject_id = named;
    Ok(())
}
