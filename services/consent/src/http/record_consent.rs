//! Records what a person said about one purpose.

use super::RecordConsent;
use super::view::ConsentView;
use crate::domain::statement::{Method, Said, Statement, Wording};
use crate::error::{Error, Result};
use crate::recording::Recorder;
use crate::store::records;
use actix_web::web::Data;
use actix_web::{HttpResponse, HttpResponseBuilder, post};
use db::TenantTx;
use kernel::{SubjectId, Timestamp};
use privacy::Purpose;
use serde::Deserialize;
use utoipa::ToSchema;
use web::etag::etag;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

/// One person, one purpose: a statement about two purposes is two statements.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    pub subject_id: SubjectId,
    /// A purpose of the register, `GET /v1/purposes`.
    #[schema(example = "client_service:newsletter")]
    pub purpose: String,
    pub said: Said,
    pub method: Method,
    /// The language of the text that was shown (BCP 47).
    #[schema(example = "de-DE")]
    pub language: String,
    /// The tenant's own name of the version of that text: letters, digits, `.`, `_`, `-`, at most 40.
    #[schema(example = "newsletter-2026-03")]
    pub text_version: String,
    /// SHA-256 of that text, in hex.
    pub text_sha256: Option<String>,
    /// When the person said it; now, when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub collected_at: Option<Timestamp>,
}

impl NewConsent {
    /// The statement, or what is wrong with it, every field at once.
    fn statement(self, now: Timestamp) -> std::result::Result<Statement, Problem> {
        let mut problem: Option<Problem> = None;
        let mut wrong = |pointer: &str, code: &str, detail: &str| {
            problem = Some(match problem.take() {
                Some(problem) => problem.and(pointer, code, detail),
                None => Problem::invalid(pointer, code, detail),
            });
        };
        let purpose = self.purpose.parse::<Purpose>().ok();
        if purpose.is_none() {
            wrong("/purpose", "unknown-purpose", "The register has no such purpose.");
        }
        if !is_language(&self.language) {
            wrong("/language", "invalid-language", "This is no language tag (BCP 47).");
        }
        if !is_version(&self.text_version) {
            wrong("/text_version", "invalid-version", "Letters, digits, dots, underscores and hyphens, at most 40.");
        }
        let sha256 = self.text_sha256.as_deref().map(|text| hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()));
        if sha256 == Some(None) {
            wrong("/text_sha256", "invalid-hash", "This is no SHA-256 in hex.");
        }
        match (problem, purpose) {
            (None, Some(purpose)) => Ok(Statement {
                subject: self.subject_id,
                purpose,
                said: self.said,
                method: self.method,
                wording: Wording { language: self.language, version: self.text_version, sha256: sha256.flatten() },
                collected_at: self.collected_at.unwrap_or(now),
            }),
            (problem, _) => {
                Err(problem.unwrap_or_else(|| Problem::invalid("/purpose", "unknown-purpose", "The register has no such purpose.")))
            }
        }
    }
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().is_some_and(|tag| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic()));
    primary && text.len() <= 35 && parts.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_version(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Records given, refused or withdrawn consent, or an objection. Withdrawing takes the same call as giving (GDPR 7(3)).
#[utoipa::path(tag = "consent", request_body = NewConsent, extensions(("x-access-limit" = json!(access_limit::<RecordConsent>()))), security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, body = ConsentView, headers(("Location" = String), ("ETag" = String))),
        (status = 404, description = "nobody with this id", body = Problem),
        (status = 409, description = "nothing to withdraw, or given before", body = Problem),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    ))]
#[post("/v1/consents")]
pub async fn record_consent(
    caller: Caller<RecordConsent>,
    key: IdempotencyKey,
    recorder: Data<Recorder>,
    body: ValidJson<NewConsent>,
) -> Result<HttpResponse> {
    let statement = body.value.statement(recorder.db.clock().now())?;
    let (tenant, principal) = (caller.tenant(), caller.principal());
    let (record, replayed) = recorder
        .db
        .tx(tenant, "consent.record", async |tx: &mut TenantTx| {
            if let Some(before) = key.claim(tx, &body.raw).await? {
                let id = before.resource.ok_or(Error::NotFound)?;
                return Ok((records::find(tx, id).await?.ok_or(Error::NotFound)?, true));
            }
            let record = recorder.record(tx, principal, &statement).await?;
            key.finish(tx, 201, Some(record.id)).await?;
            Ok::<_, Error>((record, false))
        })
        .await?;
    let mut response = HttpResponse::Created();
    response.insert_header(("Location", format!("/v1/consents/{}", record.id))).insert_header(etag(record.version));
    replay(&mut response, replayed);
    Ok(show(response, &ConsentView::new(&record, recorder.lease)))
}

fn show(mut response: HttpResponseBuilder, view: &ConsentView) -> HttpResponse {
    response.json(view)
}
