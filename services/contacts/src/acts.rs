//! What contacts did on somebody's word, for the audit log.

use crate::store::imports::ImportRow;
use db::TenantTx;
use events::platform::Act;
use events::{Outgoing, topics};
use kernel::{ActId, PrincipalId, Service, micros};
use uuid::Uuid;

/// A kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ContactDeleted,
    ImportStaged,
    ImportCommitted,
    AttestationCreated,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContactDeleted => "contacts.contact_deleted",
            Self::ImportStaged => "contacts.import_staged",
            Self::ImportCommitted => "contacts.import_committed",
            Self::AttestationCreated => "contacts.attestation_created",
        }
    }
}

/// What an act was about.
pub enum About {
    /// An import or an assurance.
    Object(Uuid),
    /// Somebody, as they stand in the log: a commitment that dies with their key, and no id. Nothing when the key is gone already.
    Person(Option<[u8; 32]>),
}

/// Puts an act on record when the transaction commits.
pub fn record(tx: &mut TenantTx, by: PrincipalId, kind: Kind, about: &About, facts: &[(&str, &str)]) {
    let (tenant, clock) = (tx.tenant(), tx.clock().clone());
    let id = ActId::new(&clock);
    let (object, person) = match about {
        About::Object(object) => (Some(object), None),
        About::Person(commitment) => (None, commitment.as_ref()),
    };
    let act = Act {
        act_id: id.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        principal_id: by.as_bytes().to_vec(),
        service: Service::Contacts.name().to_owned(),
        kind: kind.name().to_owned(),
        object_id: object.map(|object| object.as_bytes().to_vec()).unwrap_or_default(),
        subject_commitment: person.map(|commitment| commitment.to_vec()).unwrap_or_default(),
        acted_at_us: micros(clock.now()),
        trace_id: runtime::telemetry::trace_id().to_vec(),
        facts: facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    tx.publish(Outgoing::new(topics::acts(Service::Contacts), id.as_bytes(), tenant, &clock, &act));
}

/// Puts on record what became of a file, with what was declared of it.
pub fn import(tx: &mut TenantTx, by: PrincipalId, kind: Kind, run: &ImportRow) {
    let rows = run.rows_total.to_string();
    let facts = [("source", run.source.as_str()), ("basis", run.basis.as_str()), ("rows", rows.as_str())];
    record(tx, by, kind, &About::Object(run.id), &facts);
}
