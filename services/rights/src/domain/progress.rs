//! How a case moves: phase by phase, each when everybody has answered the one before.

use events::platform::{RightsPhase, RightsResult};
use events::rights::CaseKind;
use kernel::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It came without an account: the tenant has not confirmed yet who is asking (GDPR 12(6)).
    AwaitingConfirmation,
    /// Whose data is it? Asked of the services that can look a person up.
    Finding,
    /// What is held, and what must stay?
    Planning,
    /// Access: parts are coming in.
    Collecting,
    /// Erasure: the key is being destroyed.
    Shredding,
    /// Erasure: rows are going, or are untied.
    Erasing,
    /// Erasure: everybody looks for what is left.
    Scanning,
    Done,
    /// Nobody holds anything about the person: that is an answer too (GDPR 15(1)).
    NothingFound,
    /// The tenant could not confirm who is asking, with the reason it gave.
    Refused,
    /// Another case erased the person meanwhile: there is nobody left whom this one is about.
    PersonErased,
}

impl State {
    pub const ALL: [Self; 11] = [
        Self::AwaitingConfirmation,
        Self::Finding,
        Self::Planning,
        Self::Collecting,
        Self::Shredding,
        Self::Erasing,
        Self::Scanning,
        Self::Done,
        Self::NothingFound,
        Self::Refused,
        Self::PersonErased,
    ];

    /// Its name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwaitingConfirmation => "awaiting-confirmation",
            Self::Finding => "finding",
            Self::Planning => "planning",
            Self::Collecting => "collecting",
            Self::Shredding => "shredding",
            Self::Erasing => "erasing",
            Self::Scanning => "scanning",
            Self::Done => "done",
            Self::NothingFound => "nothing-found",
            Self::Refused => "refused",
            Self::PersonErased => "person-erased",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The phase whose answers a case in this state waits for.
    pub fn phase(self) -> Option<RightsPhase> {
        match self {
            Self::Finding => Some(RightsPhase::Find),
            Self::Planning => Some(RightsPhase::Plan),
            Self::Collecting => Some(RightsPhase::Collect),
            Self::Shredding => Some(RightsPhase::Shred),
            Self::Erasing => Some(RightsPhase::Erase),
            Self::Scanning => Some(RightsPhase::Scan),
            Self::AwaitingConfirmation | Self::Done | Self::NothingFound | Self::Refused | Self::PersonErased => None,
        }
    }

    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::NothingFound | Self::Refused | Self::PersonErased)
    }
}

/// Who answers a phase. A test in the `mxtr` crate holds this list against the inventory: whoever declares personal fields stands here.
///
/// An erasure is planned with keyring too: the key of a contact that was deleted before is all that is left, and it has to go as well.
pub fn participants(kind: CaseKind, phase: RightsPhase) -> &'static [Service] {
    match (phase, kind) {
        (RightsPhase::Unspecified, _) => &[],
        (RightsPhase::Find, _) => &[Service::Contacts],
        (RightsPhase::Plan, CaseKind::Erasure) | (RightsPhase::Scan, _) => {
            &[Service::Contacts, Service::Consent, Service::Rights, Service::Keyring]
        }
        (RightsPhase::Plan | RightsPhase::Collect | RightsPhase::Erase, _) => &[Service::Contacts, Service::Consent, Service::Rights],
        (RightsPhase::Shred, _) => &[Service::Keyring],
    }
}

/// What happens next, once everybody has answered; nothing while somebody has not.
///
/// `answers` are the answers to the phase that `state` waits for; `found` says whether a person is known by now.
pub fn next(kind: CaseKind, state: State, answers: &BTreeMap<Service, RightsResult>, found: bool) -> Option<State> {
    let phase = state.phase()?;
    let asked = participants(kind, phase);
    if !asked.iter().all(|service| answers.contains_key(service)) {
        return None;
    }
    let all = |wanted: RightsResult| asked.iter().all(|service| answers.get(service) == Some(&wanted));
    if asked.iter().any(|service| answers.get(service) == Some(&RightsResult::Refused)) {
        return None;
    }
    Some(match (state, kind) {
        (State::Finding, _) if !found => State::NothingFound,
        (State::Finding, _) => State::Planning,
        (State::Planning, _) if all(RightsResult::Nothing) => State::NothingFound,
        (State::Planning, CaseKind::Access) => State::Collecting,
        (State::Planning, _) => State::Shredding,
        (State::Shredding, _) => State::Erasing,
        (State::Erasing, _) => State::Scanning,
        _ => State::Done,
    })
}
