//! What a person said, in the order they said it.

use super::ReadConsent;
use super::view::ConsentView;
use crate::error::{Error, Result};
use crate::recording::Recorder;
use crate::store::records;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use kernel::SubjectId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::cursor::{Cursors, DEFAULT_LIMIT, LARGEST_LIMIT};
use web::{Caller, Problem, ValidJson, access_limit};

const ROUTE: &str = "search_consents";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchConsents {
    pub subject_id: SubjectId,
    /// 1 to 200; 50 when left out.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Consents {
    pub data: Vec<ConsentView>,
    pub next_cursor: Option<String>,
}

/// A person's records, newest first.
#[utoipa::path(tag = "consent", request_body = SearchConsents, extensions(("x-access-limit" = json!(access_limit::<ReadConsent>()))), security(("bearer" = [])), responses(
    (status = 200, body = Consents),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[post("/v1/consents/search")]
pub async fn search_consents(
    caller: Caller<ReadConsent>,
    recorder: Data<Recorder>,
    cursors: Data<Cursors>,
    body: ValidJson<SearchConsents>,
) -> Result<HttpResponse> {
    let SearchConsents { subject_id, limit, cursor } = body.value;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(Problem::invalid("/limit", "out-of-bounds", "A page has 1 to 200 rows.").into());
    }
    let before = cursor.map(|cursor| cursors.decode::<i64>(caller.tenant(), ROUTE, &cursor)).transpose()?;
    let rows = recorder
        .db
        .tx(caller.tenant(), "consent.search", async |tx: &mut TenantTx| {
            records::of_person(tx, subject_id.uuid(), before.unwrap_or(i64::MAX), i64::from(limit)).await.map_err(Error::from)
        })
        .await?;
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next_cursor = rows.last().filter(|_| full).map(|last| cursors.encode(caller.tenant(), ROUTE, &last.version));
    let data = rows.iter().map(|record| ConsentView::new(record, recorder.lease)).collect();
    Ok(HttpResponse::Ok().json(Consents { data, next_cursor }))
}
