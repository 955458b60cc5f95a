//! Takes a file in.

use super::get_import::ImportView;
use super::{Desk, ImportContacts};
use crate::error::Result;
use crate::importing::{Declared, Stager};
use crate::store::attestations;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use db::TenantTx;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{AttestationId, TenantId};
use privacy::Basis;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, Query, Slug, access_limit};

/// Where the data come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource {
    /// The client's own contacts.
    Client,
    /// A third party's data: needs an assurance, and is quarantined without one.
    Provider,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Declaration {
    source: ImportSource,
    /// On which ground of GDPR 6(1) the tenant holds these data.
    basis: Basis,
    /// ISO 3166-1 alpha-2: where telephone numbers without a `+` are dialled.
    country: Option<String>,
    /// The provider's assurance, for source `provider`.
    attestation_id: Option<AttestationId>,
}

/// Stages a CSV file (UTF-8, with a header). Known layouts are mapped by themselves; otherwise say what the columns are. Then commit. A repetition with the same `Idempotency-Key` and the same parameters answers the first import and reads no file.
#[utoipa::path(tag = "imports", params(Declaration, IdempotencyKey), request_body(content = String, content_type = "text/csv"),
    extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])), responses(
        (status = 201, body = ImportView, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "the tenant's privacy policy is not on record", body = Problem),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    ))]
#[post("/v1/imports")]
pub async fn create_import(
    caller: Caller<ImportContacts>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    query: Query<Declaration>,
    (request, body): (HttpRequest, Payload),
) -> Result<HttpResponse> {
    desk.check_policy(&caller)?;
    check_type(&request)?;
    let declaration = query.0;
    check_country(declaration.country.as_deref())?;
    if let Some(attestation) = declaration.attestation_id {
        check_attestation(&desk, caller.tenant(), attestation).await?;
    }
    let declared = declared(&caller, declaration);
    let stager = Stager { db: &desk.db, vault: &desk.vault, largest_file: desk.largest_file };
    let (run, replayed) = stager.begin(&declared, &key, request.query_string().as_bytes()).await?;
    let run = if replayed { run } else { stager.stage(run, body).await? };
    let mut response = HttpResponse::Created();
    response.insert_header(("Location", format!("/v1/imports/{}", run.id))).insert_header(etag(run.version));
    replay(&mut response, replayed);
    Ok(response.json(ImportView::of(&desk.vault, &run).await?))
}

fn declared(caller: &Caller<ImportContacts>, declaration: Declaration) -> Declared {
    Declared {
        tenant: caller.tenant(),
        principal: caller.principal(),
        source: if declaration.source == ImportSource::Provider { "provider" } else { "client" }.to_owned(),
        basis: declaration.basis.name().to_owned(),
        country: declaration.country,
        attestation: declaration.attestation_id.map(|id| id.uuid()),
    }
}

fn check_type(request: &HttpRequest) -> Result<()> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/csv")) {
        Ok(())
    } else {
        Err(Problem::new(Slug::UNSUPPORTED_TYPE).detail("Send text/csv.").into())
    }
}

fn check_country(country: Option<&str>) -> Result<()> {
    let fits = country.is_none_or(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
    if fits {
        Ok(())
    } else {
        Err(Problem::new(Slug::NOT_READABLE).detail("The query parameter country is an ISO 3166-1 alpha-2 code in capitals.").into())
    }
}

/// The assurance is the tenant's own, covers collection and has not ended.
async fn check_attestation(desk: &Desk, tenant: TenantId, id: AttestationId) -> Result<()> {
    let today: Date = desk.db.clock().now().to_zoned(TimeZone::UTC).date();
    let found = desk
        .db
        .tx(tenant, "attestations.get", async |tx: &mut TenantTx| {
            attestations::find(tx, id.uuid()).await.map_err(crate::error::Error::from)
        })
        .await?;
    let holds =
        found.is_some_and(|attestation| attestation.covers_collection && attestation.expires_on.is_none_or(|day| day.to_jiff() >= today));
    if holds {
        Ok(())
    } else {
        Err(Problem::invalid(
            "/attestation_id",
            "no-such-assurance",
            "There is no assurance of this id that covers collection and has not ended.",
        )
        .into())
    }
}
