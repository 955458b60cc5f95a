//! The tables, one file each. Every function works inside a tenant's transaction, and every change tells the others the whole new state.

pub mod acts;
pub mod api_keys;
pub mod tenants;

use jiff_diesel::ToDiesel as _;
use kernel::Timestamp;

/// A time as a column.
fn column(time: Timestamp) -> jiff_diesel::Timestamp {
    time.to_diesel()
}
