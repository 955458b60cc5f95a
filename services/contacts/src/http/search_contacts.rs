//! Finds contacts by an exact value, which never stands in an address.

use super::view::{Contacts, views};
use super::{Desk, ReadContacts};
use crate::domain::fields::Values;
use crate::error::{Error, Result};
use crate::store::people;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use kernel::Phone;
use opener::Asking;
use privacy::Verb;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::cursor::{Cursors, Page};
use web::{Caller, Problem, Query, ValidJson, access_limit};

const ROUTE: &str = "search_contacts";

/// One of them, or both; who matches either is found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchContacts {
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    #[schema(example = "+49 30 1234567")]
    telephone: Option<String>,
}

impl SearchContacts {
    fn values(&self) -> std::result::Result<Values, Problem> {
        let wrong = |pointer: &str, code: &str, detail: &str| Problem::invalid(pointer, code, detail);
        if self.email.is_none() && self.telephone.is_none() {
            return Err(wrong("/email", "missing", "An e-mail address or a telephone number is needed."));
        }
        let email = self.email.as_deref().map(str::parse).transpose();
        let email = email.map_err(|_| wrong("/email", "invalid-email", "This is no e-mail address (RFC 5321)."))?;
        let telephone = self.telephone.as_deref().map(|text| Phone::parse(text, None)).transpose();
        let telephone = telephone.map_err(|_| wrong("/telephone", "invalid-telephone", "This is no telephone number."))?;
        Ok(Values { email, telephone, ..Values::default() })
    }
}

/// Contacts with this e-mail address or telephone number, as far as they may be seen for the purpose. A hit is an opening like any other.
#[utoipa::path(tag = "contacts", request_body = SearchContacts, params(Page, web::PurposeHeader), extensions(("x-access-limit" = json!(access_limit::<ReadContacts>()))),
    security(("bearer" = [])), responses((status = 200, body = Contacts), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/contacts/search")]
pub async fn search_contacts(
    caller: Caller<ReadContacts>,
    desk: Data<Desk>,
    cursors: Data<Cursors>,
    page: Query<Page>,
    body: ValidJson<SearchContacts>,
) -> Result<HttpResponse> {
    let (limit, tenant, purpose, values) = (page.0.limit()?, caller.tenant(), caller.purpose()?, body.value.values()?);
    let after = page.0.cursor.map(|cursor| cursors.decode::<Uuid>(tenant, ROUTE, &cursor)).transpose()?;
    let tokens = desk.vault.indexes(tenant).await?.tokens(&values);
    let rows = people::search(&desk.db, tenant, &tokens, after, limit.into()).await?;
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next_cursor = rows.last().filter(|_| full).map(|last| cursors.encode(tenant, ROUTE, &last.id));
    let asking = Asking { tenant, principal: caller.principal(), limit: caller.limit(), purpose, verb: Verb::Read, operation: ROUTE };
    let opened = desk.opener.open(&asking, rows.iter().map(people::ContactRow::sealed).collect()).await?;
    Ok(opened.try_map(|opened| Ok::<_, Error>(Contacts { data: views(&rows, &opened)?, next_cursor }))?.respond(StatusCode::OK))
}
