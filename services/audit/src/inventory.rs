//! What audit holds, for the register of processing.

use kernel::Service;
use privacy::{PersonalData, StoreRecord};

/// An entry: who read what of whom, where the person is a commitment that dies with their key.
#[derive(PersonalData)]
#[personal(store = "audit.entries")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct EntryRecord {
    #[data(not_personal = "place in the log")]
    leaf: u64,
    #[data(not_personal = "read or act")]
    kind: &'static str,
    #[data(not_personal = "time of the read or act")]
    happened_at: kernel::Timestamp,
    #[data(category = derived, sources(derived), inputs("contacts.contacts", "consent.records", "rights.parts"), roles(controller, processor), retention = "audit")]
    data: Vec<u8>,
}

/// By whom entries are found.
#[derive(PersonalData)]
#[personal(store = "audit.subjects")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct SubjectRecord {
    #[data(category = derived, sources(derived), inputs("contacts.contacts", "consent.records", "rights.parts"), roles(controller, processor), retention = "audit")]
    commitment: Vec<u8>,
    #[data(not_personal = "place in the log")]
    leaf: u64,
}

/// What audit holds.
pub fn inventory() -> Vec<StoreRecord> {
    vec![StoreRecord::of::<EntryRecord>(Service::Audit), StoreRecord::of::<SubjectRecord>(Service::Audit)]
}
