//! A person's whole state: the fold of what was said.

use super::statement::Statement;
use events::consent::{PersonState, PurposeState, Stance as Wire};
use kernel::{SubjectId, TenantId, Timestamp, micros};
use privacy::{Purpose, Stance};

/// The state of somebody who has said nothing.
pub fn blank(tenant: TenantId, subject: SubjectId) -> PersonState {
    PersonState { tenant_id: tenant.as_bytes().to_vec(), subject_id: subject.as_bytes().to_vec(), ..PersonState::default() }
}

/// What is in force for a purpose.
pub fn stance(state: &PersonState, purpose: Purpose) -> Stance {
    let entry = state.purposes.iter().find(|entry| entry.purpose == purpose.name());
    match entry.map(PurposeState::stance) {
        None | Some(Wire::Unspecified) => Stance::None,
        Some(Wire::Given) => Stance::Given,
        Some(Wire::Refused) => Stance::Refused,
        Some(Wire::Withdrawn) => Stance::Withdrawn,
        Some(Wire::Objected) => Stance::Objected,
    }
}

/// The state after a statement was recorded: a version higher, the purpose replaced, the rest as it was.
pub fn after(mut state: PersonState, statement: &Statement, recorded_at: Timestamp) -> PersonState {
    let wire = match statement.said.stance() {
        Stance::Given => Wire::Given,
        Stance::Refused => Wire::Refused,
        Stance::Withdrawn => Wire::Withdrawn,
        Stance::Objected => Wire::Objected,
        Stance::None => Wire::Unspecified,
    };
    let name = statement.purpose.name();
    state.purposes.retain(|entry| entry.purpose != name);
    state.purposes.push(PurposeState { purpose: name.to_owned(), stance: wire.into(), since_us: micros(recorded_at) });
    state.purposes.sort_by(|a, b| a.purpose.cmp(&b.purpose));
    state.version += 1;
    state.recorded_at_us = micros(recorded_at);
    state
}
