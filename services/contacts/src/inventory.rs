//! What contacts holds, for the register of processing.

use crate::store::ContactRow;
use kernel::{ImportId, Service, TenantId, Timestamp};
use privacy::{PersonalData, StoreRecord};

/// By what somebody is kept out.
#[derive(PersonalData)]
#[personal(store = "contacts.suppressions")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct SuppressionRecord {
    #[data(not_personal = "the tenant's id")]
    tenant_id: TenantId,
    #[data(category = personal, sources(derived), inputs("contacts.contacts"), roles(controller, processor), retention = "suppression")]
    token: Vec<u8>,
    #[data(not_personal = "time of the row")]
    created_at: Timestamp,
}

/// A run: what the file's columns are called, and what each is for. A name of a column may be anything.
#[derive(PersonalData)]
#[personal(store = "contacts.imports")]
#[expect(dead_code, reason = "the derive reads the fields; the columns that are not here are states, counts, ids and times")]
struct ImportRecord {
    #[data(not_personal = "the tenant's id")]
    tenant_id: TenantId,
    #[data(not_personal = "the run's id")]
    id: ImportId,
    #[data(category = imported, sources(client, provider), roles(processor), retention = "import_file", sealed)]
    header: Vec<u8>,
    #[data(category = imported, sources(client, provider), roles(processor), retention = "import_file", sealed)]
    mapping: Vec<u8>,
    #[data(not_personal = "a hash of the whole file, by which its sender knows it again")]
    file_sha256: Vec<u8>,
}

/// Rows of a file that wait; those that were not taken lie in the same columns of another table.
#[derive(PersonalData)]
#[personal(store = "contacts.import_chunks")]
#[expect(dead_code, reason = "the derive reads the fields; rows are read column by column")]
struct ChunkRecord {
    #[data(not_personal = "the tenant's id")]
    tenant_id: TenantId,
    #[data(not_personal = "the run's id")]
    import_id: ImportId,
    #[data(not_personal = "place in the file")]
    chunk: i64,
    #[data(category = imported, sources(client, provider), roles(processor), retention = "import_file", sealed)]
    sealed: Vec<u8>,
}

/// What contacts holds.
pub fn inventory() -> Vec<StoreRecord> {
    vec![
        StoreRecord::of::<ContactRow>(Service::Contacts),
        StoreRecord::of::<SuppressionRecord>(Service::Contacts),
        StoreRecord::of::<ImportRecord>(Service::Contacts),
        StoreRecord::of::<ChunkRecord>(Service::Contacts),
        StoreRecord { store: "contacts.import_rejects", ..StoreRecord::of::<ChunkRecord>(Service::Contacts) },
    ]
}
