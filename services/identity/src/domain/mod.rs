//! What identity knows of tenants, keys and tokens; pure.

pub mod api_key;
pub mod countries;
pub mod grant;
pub mod scope;
pub mod tenant;
