//! What consent holds, for the register of processing.

use crate::store::records::Record;
use kernel::Service;
use privacy::{PersonalData, StoreRecord};

/// Somebody of whom consent has heard.
#[derive(PersonalData)]
#[personal(store = "consent.subjects")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct SubjectRecord {
    #[data(not_personal = "the tenant's id")]
    tenant_id: kernel::TenantId,
    #[data(not_personal = "a random id")]
    subject_id: kernel::SubjectId,
    #[data(not_personal = "closed vocabulary")]
    role: &'static str,
    #[data(not_personal = "whether an assurance is wanting")]
    quarantined: bool,
    #[data(not_personal = "the contact's version")]
    version: i64,
    #[data(not_personal = "whether the contact was deleted")]
    gone: bool,
}

/// The newest state of a person.
#[derive(PersonalData)]
#[personal(store = "consent.states")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct StateRecord {
    #[data(not_personal = "the tenant's id")]
    tenant_id: kernel::TenantId,
    #[data(not_personal = "a random id")]
    subject_id: kernel::SubjectId,
    #[data(not_personal = "the state's version")]
    version: i64,
    #[data(category = derived, sources(client, direct), roles(controller, processor), retention = "state")]
    state: Vec<u8>,
}

/// What consent holds.
pub fn inventory() -> Vec<StoreRecord> {
    vec![
        StoreRecord::of::<SubjectRecord>(Service::Consent),
        StoreRecord::of::<Record>(Service::Consent),
        StoreRecord::of::<StateRecord>(Service::Consent),
    ]
}
