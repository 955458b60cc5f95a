//! A person's own page, behind a link that was given out once.

use super::get_package::{download, take_out};
use crate::desk::Desk;
use crate::domain::page::{self, Status};
use crate::domain::progress::State;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::{CaseRow, cases, parts};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::PrincipalId;
use privacy::AccessLimit;
use web::{Path, Problem};

/// How far a person's request is, as a page. Whatever is wrong with the link, the answer is the same.
#[utoipa::path(tag = "contact us", params(("secret" = String, Path)), extensions(("x-public" = json!(true))),
    responses((status = 200, description = "the page", body = String, content_type = "text/html"), (status = 404, body = Problem), (status = "5XX", body = Problem)))]
#[get("/c/{secret}")]
pub async fn status_page(desk: Data<Desk>, secret: Path<String>) -> Result<HttpResponse> {
    let case = behind(&desk, &secret.0).await?;
    let ready = case.kind == "access" && case.state() == State::Done;
    let package = ready && !parts::read(&desk.db, case.tenant_id.into(), case.id).await?.is_empty();
    let path = format!("/c/{}", secret.0);
    let status = Status {
        is_erasure: case.kind == "erasure",
        state: case.state(),
        due: case.due_legal.to_jiff(),
        package,
        refusal: case.refusal.as_deref(),
        path: &path,
    };
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page::status(&status)))
}

/// The package of the person's own request, once those responsible have made sure who is asking.
#[utoipa::path(tag = "contact us", params(("secret" = String, Path)), extensions(("x-public" = json!(true))),
    responses((status = 200, description = "the package", body = Vec<u8>, content_type = "application/zip"), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/c/{secret}/package")]
pub async fn fetch_package(desk: Data<Desk>, secret: Path<String>) -> Result<HttpResponse> {
    let case = behind(&desk, &secret.0).await?;
    // The person's own data, all of them; the journal names the case as the reader.
    let zip = take_out(&desk, case.tenant_id.into(), &case, &AccessLimit::everything(), PrincipalId::from(case.id)).await?;
    Ok(download(zip))
}

async fn behind(desk: &Desk, text: &str) -> Result<CaseRow> {
    let secret = Secret::parse(text).ok_or(Error::NotFound)?;
    let case = cases::read(&desk.db, secret.tenant, secret.case).await?.ok_or(Error::NotFound)?;
    if secret.proves(case.secret_sha256.as_deref()) { Ok(case) } else { Err(Error::NotFound) }
}
