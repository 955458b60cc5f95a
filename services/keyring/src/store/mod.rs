//! The tables, one file each. Every function works inside a tenant's transaction; what belongs to the platform as a whole stands in the house tenant's rows.

pub mod buckets;
pub mod chains;
pub mod epochs;
pub mod holders;
pub mod index_keys;
pub mod ledger;
pub mod roster;
pub mod tenant_epochs;
