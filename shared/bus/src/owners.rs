//! Whose state a key of a topic is, for a publisher who says it again from its tables.

use crate::{State, View};
use events::identity::Tenant;
use kernel::TenantId;

/// The tenant that the state names; where the state is gone, any of them.
pub fn owners<V: State>(states: &View<V>, named: impl Fn(&V) -> &[u8], tenants: &View<Tenant>, key: &[u8; 16]) -> Vec<TenantId> {
    match states.get(key).and_then(|state| TenantId::from_slice(named(&state))) {
        Some(owner) => vec![owner],
        None => tenants.all().iter().filter_map(|tenant| TenantId::from_slice(&tenant.tenant_id)).collect(),
    }
}
