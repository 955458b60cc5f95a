//! The routes: what is here is all there is.

mod decide;
mod get_consent;
mod get_receipt;
mod list_purposes;
mod record_consent;
mod search_consents;
mod view;

use privacy::{Category, Verb};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Limit, Right};

/// Every route.
pub fn routes(api: &mut ServiceConfig<'_>) {
    api.service(list_purposes::list_purposes)
        .service(record_consent::record_consent)
        .service(get_consent::get_consent)
        .service(search_consents::search_consents)
        .service(get_receipt::get_receipt)
        .service(decide::decide_batch);
}

/// Records what people said. What a person said is itself derived data about them.
pub struct RecordConsent;

impl Right for RecordConsent {
    const LIMIT: Limit = Limit::all_of(Verb::Write, &[Category::Derived]);
}

/// Sees what people said, and what follows from it.
pub struct ReadConsent;

impl Right for ReadConsent {
    const LIMIT: Limit = Limit::any_of(Verb::Read, &[Category::Derived]);
}
