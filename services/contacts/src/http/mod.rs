//! The routes: what is here is all there is.

mod body;
mod commit_import;
mod create_attestation;
mod create_contact;
mod create_import;
mod delete_contact;
mod get_contact;
mod get_import;
mod get_rejects;
mod list_contacts;
mod map_import;
mod search_contacts;
mod update_contact;
mod view;

use crate::importing::Importer;
use crate::vault::Vault;
use db::Db;
use opener::Opener;
use privacy::{Category, Verb};
use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Caller, Limit, Right};

/// Every route.
pub fn routes(api: &mut ServiceConfig<'_>) {
    api.service(create_contact::create_contact)
        .service(list_contacts::list_contacts)
        .service(search_contacts::search_contacts)
        .service(get_contact::get_contact)
        .service(update_contact::update_contact)
        .service(delete_contact::delete_contact)
        .service(create_attestation::create_attestation)
        .service(create_import::create_import)
        .service(get_import::get_import)
        .service(map_import::map_import)
        .service(commit_import::commit_import)
        .service(get_rejects::get_rejects);
}

/// What the handlers work with.
#[derive(Clone)]
pub struct Desk {
    pub db: Db,
    pub opener: Opener,
    pub vault: Vault,
    pub importer: Arc<Importer>,
    pub largest_file: u64,
}

/// What a contact is made of.
const CONTACT: &[Category] = &[Category::Personal, Category::Business, Category::Imported, Category::Preferences];

/// Sees contacts, as far as the purpose and each person's state allow.
pub struct ReadContacts;

impl Right for ReadContacts {
    const LIMIT: Limit = Limit::any_of(Verb::Read, CONTACT);
}

/// Writes contacts; each field needs its own category besides.
pub struct WriteContacts;

impl Right for WriteContacts {
    const LIMIT: Limit = Limit::any_of(Verb::Write, CONTACT);
}

/// Brings contacts in.
pub struct ImportContacts;

impl Right for ImportContacts {
    const LIMIT: Limit = Limit::all_of(Verb::Import, &[Category::Personal, Category::Business, Category::Imported]);
}

impl Desk {
    /// A tenant's privacy policy is on record before the first contact comes (its own contacts are subject to it).
    fn check_policy<R: Right>(&self, caller: &Caller<R>) -> crate::error::Result<()> {
        let known = self.opener.tenants().get(caller.tenant().as_bytes());
        let on_record = known.is_some_and(|tenant| !tenant.privacy_policy_url.is_empty() && !tenant.privacy_policy_version.is_empty());
        if on_record { Ok(()) } else { Err(crate::error::Error::NoPolicy) }
    }
}
