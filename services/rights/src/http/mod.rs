//! The routes: what is here is all there is.

mod confirm_case;
mod contact_us;
mod get_case;
mod get_certificate;
mod get_package;
mod get_request;
mod list_cases;
mod open_case;
mod refuse_case;
mod status_page;
mod view;

use crate::error::{Error, Result};
use crate::store::cases::CaseRow;
use actix_web::HttpResponse;
use privacy::{Category, Verb};
use utoipa_actix_web::service_config::ServiceConfig;
use view::CaseView;
use web::etag::etag;
use web::idempotency::replay;
use web::{Caller, Limit, Right};

/// Every route.
pub fn routes(api: &mut ServiceConfig<'_>) {
    api.service(open_case::open_case)
        .service(list_cases::list_cases)
        .service(get_case::get_case)
        .service(get_request::get_request)
        .service(confirm_case::confirm_case)
        .service(refuse_case::refuse_case)
        .service(get_package::get_package)
        .service(get_certificate::get_certificate)
        .service(contact_us::contact_us)
        .service(status_page::status_page)
        .service(status_page::fetch_package);
}

/// What a case is about.
const HELD: &[Category] = &[Category::Personal, Category::Imported];

/// Sees that there are cases, and how far they are.
pub struct ReadCases;

impl Right for ReadCases {
    const LIMIT: Limit = Limit::any_of(Verb::Read, HELD);
}

/// Opens cases, confirms who asks, and takes packages out; an erasure needs the verb `erase` besides.
pub struct HandleCases;

impl Right for HandleCases {
    const LIMIT: Limit = Limit::any_of(Verb::Export, HELD);
}

/// An erasure is not for everybody who may export.
fn may<R: Right>(caller: &Caller<R>, kind: &str) -> Result<()> {
    if kind != "erasure" || caller.limit().allows(Verb::Erase) { Ok(()) } else { Err(Error::VerbNotGranted) }
}

/// A case that was decided upon, now or by an earlier request with the same key.
fn shown(case: &CaseRow, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(case.version));
    replay(&mut response, replayed);
    response.json(CaseView::from(case))
}
