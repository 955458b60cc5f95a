//! What a contact is, and what an import makes of a row. No storage, no network.

pub mod blobs;
pub mod fields;
pub mod import;
