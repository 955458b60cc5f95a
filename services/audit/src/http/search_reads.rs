//! Who looked at this person. Once the person's key is gone, nobody can ask any more.

use super::list_reads::next;
use super::view::{ReadView, Reads};
use super::{ReadAudit, for_audit};
use crate::error::{Error, Result};
use crate::store::entries;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, TenantTx};
use kernel::SubjectId;
use opener::{Ask, Held, HolderKind, Keyring};
use privacy::{Purpose, Verb};
use serde::Deserialize;
use utoipa::ToSchema;
use web::cursor::{Cursors, DEFAULT_LIMIT, LARGEST_LIMIT};
use web::{Caller, Problem, ValidJson, access_limit};

const ROUTE: &str = "search_reads";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchReads {
    /// Whose values were read.
    subject_id: SubjectId,
    /// 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Reads of one person's values, newest first.
#[utoipa::path(tag = "audit", request_body = SearchReads, extensions(("x-access-limit" = json!(access_limit::<ReadAudit>()))), security(("bearer" = [])), responses(
    (status = 200, body = Reads),
    (status = 404, description = "nobody with this id, or nobody any more", body = Problem),
    (status = "4XX", body = Problem),
    (status = "5XX", body = Problem),
))]
#[post("/v1/reads/search")]
pub async fn search_reads(
    caller: Caller<ReadAudit>,
    db: Data<Db>,
    cursors: Data<Cursors>,
    keyring: Data<Keyring>,
    body: ValidJson<SearchReads>,
) -> Result<HttpResponse> {
    for_audit(&caller)?;
    let SearchReads { subject_id, limit, cursor } = body.value;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(Problem::invalid("/limit", "out-of-bounds", "A page has 1 to 200 rows.").into());
    }
    let before = cursor.map(|cursor| cursors.decode::<u64>(caller.tenant(), ROUTE, &cursor)).transpose()?;
    let commitment = commitment(&keyring, &caller, subject_id).await?;
    let rows = db
        .tx(caller.tenant(), "audit.reads_of", async |tx: &mut TenantTx| {
            entries::reads_of(tx, &commitment, before, i64::from(limit)).await.map_err(Error::from)
        })
        .await?;
    let next_cursor = next(&rows, limit).map(|leaf| cursors.encode(caller.tenant(), ROUTE, &leaf));
    let data = rows.iter().filter_map(|row| ReadView::new(row, Some(&commitment)).transpose()).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(Reads { data, next_cursor }))
}

/// How the log calls the person: only with a key that lives.
async fn commitment(keyring: &Keyring, caller: &Caller<ReadAudit>, subject: SubjectId) -> Result<[u8; 32]> {
    let ask = Ask {
        tenant: caller.tenant(),
        kind: HolderKind::Subject,
        subkeys: vec!["audit".to_owned()],
        purpose: Purpose::AUDIT,
        verb: Verb::Read,
    };
    match keyring.release(&ask, &[subject.uuid()]).await?.into_iter().next() {
        Some(Held::Live(keys)) => keys.first().map(|key| seal::index::commitment(key, subject)).ok_or(Error::NotFound),
        _ => Err(Error::NotFound),
    }
}
