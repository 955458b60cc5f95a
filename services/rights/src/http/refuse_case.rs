//! The tenant cannot carry a request out.

use super::view::CaseView;
use super::{HandleCases, may, shown};
use crate::desk::{Desk, act};
use crate::domain::progress::State;
use crate::error::{Error, Result};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use kernel::CaseId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::idempotency::IdempotencyKey;
use web::{Caller, Path, Problem, ValidJson, access_limit};

/// Why not: a closed list, so that nothing about the person stands in it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It could not be confirmed who is asking (GDPR 12(6)).
    IdentityNotConfirmed,
    /// Manifestly unfounded (GDPR 12(5)).
    Unfounded,
    /// Excessive, in particular repetitive (GDPR 12(5)).
    Excessive,
    /// The tenant is not responsible for the data that are meant.
    NotResponsible,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::IdentityNotConfirmed => "identity-not-confirmed",
            Self::Unfounded => "unfounded",
            Self::Excessive => "excessive",
            Self::NotResponsible => "not-responsible",
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    reason: Reason,
}

/// Refuses a request that waits for a confirmation. The person reads the reason behind their link.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path), IdempotencyKey), request_body = Refusal, extensions(("x-access-limit" = json!(access_limit::<HandleCases>()))),
    responses((status = 200, body = CaseView, headers(("ETag" = String))), (status = 409, description = "it does not wait for a confirmation", body = Problem),
        (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/cases/{id}/refuse")]
pub async fn refuse_case(
    caller: Caller<HandleCases>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    id: Path<CaseId>,
    body: ValidJson<Refusal>,
) -> Result<HttpResponse> {
    let (case, replayed) = desk
        .db
        .tx(caller.tenant(), "rights.refuse", async |tx: &mut TenantTx| {
            let mut case = cases::lock(tx, id.0.uuid()).await?.ok_or(Error::NotFound)?;
            may(&caller, &case.kind)?;
            if key.claim(tx, &body.raw).await?.is_some() {
                return Ok((case, true));
            }
            if case.state() != State::AwaitingConfirmation {
                return Err(Error::WrongState);
            }
            act(tx, &case, "rights.case_refused", Some(caller.principal()));
            case.refusal = Some(body.value.reason.name().to_owned());
            desk.enter(tx, &mut case, State::Refused).await?;
            key.finish(tx, 200, Some(case.id)).await?;
            Ok::<_, Error>((case, false))
        })
        .await?;
    desk.look_now(caller.tenant(), &[case.id]).await?;
    Ok(shown(&case, replayed))
}
