//! What identity did, for the audit log.

use db::TenantTx;
use events::platform::Act;
use events::{Outgoing, topics};
use kernel::{ActId, PrincipalId, Service, micros};
use uuid::Uuid;

/// A kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    TenantCreated,
    TenantChanged,
    TenantSuspended,
    TenantResumed,
    KeyCreated,
    KeyRerolled,
    KeyRevoked,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenantCreated => "identity.tenant_created",
            Self::TenantChanged => "identity.tenant_changed",
            Self::TenantSuspended => "identity.tenant_suspended",
            Self::TenantResumed => "identity.tenant_resumed",
            Self::KeyCreated => "identity.key_created",
            Self::KeyRerolled => "identity.key_rerolled",
            Self::KeyRevoked => "identity.key_revoked",
        }
    }
}

/// Puts an act on record when the transaction commits. `by` is nobody when the platform acts by itself.
pub fn record(tx: &mut TenantTx, by: Option<PrincipalId>, kind: Kind, object: Uuid) {
    let (tenant, clock) = (tx.tenant(), tx.clock().clone());
    let id = ActId::new(&clock);
    let act = Act {
        act_id: id.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        principal_id: by.map(|by| by.as_bytes().to_vec()).unwrap_or_default(),
        service: Service::Identity.name().to_owned(),
        kind: kind.name().to_owned(),
        object_id: object.as_bytes().to_vec(),
        subject_commitment: Vec::new(),
        acted_at_us: micros(clock.now()),
        trace_id: runtime::telemetry::trace_id().to_vec(),
        facts: std::collections::HashMap::new(),
    };
    tx.publish(Outgoing::new(topics::acts(Service::Identity), id.as_bytes(), tenant, &clock, &act));
}
