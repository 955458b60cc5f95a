//! What a person wrote, for those who make sure who it is.

use super::HandleCases;
use crate::desk::{Desk, MESSAGES};
use crate::domain::request::Identifiers;
use crate::error::{Error, Result};
use crate::store::cases;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::CaseId;
use opener::{Asking, Holder, HolderKind, SealedPart};
use privacy::{Category, CategorySet, Purpose, Verb};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Caller, Path, Problem, access_limit};

/// What was given.
#[derive(Serialize, ToSchema)]
pub struct RequestView {
    pub email: Option<String>,
    pub telephone: Option<String>,
    pub message: Option<String>,
}

/// What the person gave to be found by, and what they wrote. Reading it is journalled, and takes the purpose `legal_obligation`.
#[utoipa::path(tag = "cases", params(("id" = CaseId, Path)), extensions(("x-access-limit" = json!(access_limit::<HandleCases>()))),
    responses((status = 200, body = RequestView), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/cases/{id}/request")]
pub async fn get_request(caller: Caller<HandleCases>, desk: Data<Desk>, id: Path<CaseId>) -> Result<HttpResponse> {
    if !caller.limit().categories.contains(Category::Personal) {
        return Err(Error::CategoryNotGranted);
    }
    let case = cases::read(&desk.db, caller.tenant(), id.0.uuid()).await?.ok_or(Error::NotFound)?;
    let asking = Asking {
        tenant: caller.tenant(),
        principal: caller.principal(),
        limit: caller.limit(),
        purpose: Purpose::LEGAL_OBLIGATION,
        verb: Verb::Read,
        operation: "get_request",
    };
    let holder = Holder { kind: HolderKind::Case, id: case.id, subkey: "personal" };
    let part = |store: &str, sealed: &Option<Vec<u8>>| {
        let categories = CategorySet::of(&[Category::Personal]);
        sealed.clone().map(|sealed| SealedPart { store: store.to_owned(), row: case.id, categories, sealed })
    };
    let parts: Vec<SealedPart> = [part(cases::STORE, &case.identifiers), part(MESSAGES, &case.message)].into_iter().flatten().collect();
    if parts.is_empty() {
        return Err(Error::NotFound);
    }
    let (has_identifiers, has_message) = (case.identifiers.is_some(), case.message.is_some());
    let opened = desk.opener.open_parts(&asking, holder, &parts).await?.ok_or(Error::NotFound)?;
    let view = opened.try_map(|opened| {
        let given: Identifiers = match opened.first().filter(|_| has_identifiers) {
            Some(plain) => serde_json::from_slice(plain)?,
            None => Identifiers::default(),
        };
        let message = opened.last().filter(|_| has_message).map(|plain| String::from_utf8_lossy(plain).into_owned());
        Ok::<_, Error>(RequestView { email: given.email, telephone: given.telephone, message })
    })?;
    Ok(view.respond_with(HttpResponse::Ok()))
}
