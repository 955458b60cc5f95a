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
use web::{Caller, Problem, ValidJson, access_limit};

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
#[utoipa::path(tag = "contacts", request_body = SearchContacts, params(web::PurposeHeader), extensions(("x-access-limit" = json!(access_limit::<ReadContacts>()))),
    security(("bearer" = [])), responses((status = 200, body = Contacts), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/contacts/search")]
pub async fn search_contacts(caller: Caller<ReadContacts>, desk: Data<Desk>, body: ValidJson<SearchContacts>) -> Result<HttpResponse> {
    let (tenant, purpose, values) = (caller.tenant(), caller.purpose()?, body.value.values()?);
    let tokens = desk.vault.indexes(tenant).await?.tokens(&values);
    let rows = people::read_by_tokens(&desk.db, tenant, tokens.email.into_iter().collect(), tokens.telephone.into_iter().collect()).await?;
    let asking =
        Asking { tenant, principal: caller.principal(), limit: caller.limit(), purpose, verb: Verb::Read, operation: "search_contacts" };
    let opened = desk.opener.open(&asking, rows.iter().map(people::ContactRow::sealed).collect()).await?;
    Ok(opened.try_map(|opened| Ok::<_, Error>(Contacts { data: views(&rows, &opened)?, next_cursor: None }))?.respond(StatusCode::OK))
}
