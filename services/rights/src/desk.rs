//! What handlers, routes and the timer work with, and the moves of a case that they share.

use crate::domain::certificate::{self, Facts};
use crate::domain::progress::State;
use crate::error::{Error, Result};
use crate::store::{CaseRow, cases, outcomes, parts};
use db::{Db, TenantTx};
use events::platform::{Act, RightsOutcome, RightsPhase};
use events::rights::RightsTask;
use events::{Outgoing, topics};
use jiff_diesel::ToDiesel as _;
use kernel::{ActId, PrincipalId, Service, TenantId, micros};
use opener::{Ask, Held, HolderKind, Opener};
use privacy::{Purpose, Verb};
use prost::Message as _;
use seal::evidence::Signer;
use seal::{Key, Place};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;
use uuid::Uuid;

/// Where the text of a person's message is said to stand.
pub const MESSAGES: &str = "rights.messages";

#[derive(Clone)]
pub struct Desk {
    pub db: Db,
    pub opener: Opener,
    /// Signs certificates.
    pub certificates: Arc<Signer>,
    /// Wakes the timer: the agenda has changed.
    pub wake: Arc<Notify>,
}

impl Desk {
    /// A key of a person or of a case; none when it is gone.
    pub async fn key(&self, tenant: TenantId, kind: HolderKind, holder: Uuid, subkey: &str, verb: Verb) -> Result<Option<Key>> {
        let ask = Ask { tenant, kind, subkeys: vec![subkey.to_owned()], purpose: Purpose::LEGAL_OBLIGATION, verb };
        let held = self.opener.keyring().release(&ask, &[holder]).await?;
        Ok(held.into_iter().find_map(Held::keys).and_then(|keys| keys.into_iter().next()))
    }

    /// Makes the key of a new case.
    pub async fn case_key(&self, tenant: TenantId, case: Uuid) -> Result<Key> {
        let (purpose, subkeys) = (Purpose::LEGAL_OBLIGATION, vec!["personal".to_owned()]);
        let ask = Ask { tenant, kind: HolderKind::Case, subkeys, purpose, verb: Verb::Write };
        let held = self.opener.keyring().create(&ask, &[case]).await?;
        let key = held.into_iter().find_map(Held::keys).and_then(|keys| keys.into_iter().next());
        key.ok_or(Error::NotFound)
    }

    /// Has the timer look at cases now.
    pub async fn look_now(&self, tenant: TenantId, cases: &[Uuid]) -> Result<()> {
        if !cases.is_empty() {
            crate::store::agenda::put(&self.db, tenant, cases, self.db.clock().now()).await?;
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Moves a case on: asks the next phase, or closes it. Where an erasure is about to remove the person, every other case about them is closed: one
    /// that is open, and one that would begin.
    pub async fn enter(&self, tx: &mut TenantTx, case: &mut CaseRow, state: State) -> Result<()> {
        match (state, case.subject_id) {
            (State::Planning, Some(subject)) if erasure_of(tx, subject, case.id, true).await? => {
                return self.move_to(tx, case, State::PersonErased).await;
            }
            (State::Erasing, Some(_)) => drop(self.close_others(tx, case).await?),
            _ => {}
        }
        self.move_to(tx, case, state).await
    }

    /// Closes the other open cases about the person; says which.
    pub async fn close_others(&self, tx: &mut TenantTx, case: &CaseRow) -> Result<Vec<Uuid>> {
        let Some(subject) = case.subject_id else { return Ok(Vec::new()) };
        cases::hold_person(tx, subject).await?;
        let others = cases::open_of_person(tx, subject, case.id).await?;
        let ids = others.iter().map(|other| other.id).collect();
        for mut other in others {
            self.move_to(tx, &mut other, State::PersonErased).await?;
        }
        Ok(ids)
    }

    /// The move itself.
    async fn move_to(&self, tx: &mut TenantTx, case: &mut CaseRow, state: State) -> Result<()> {
        let now = tx.clock().now();
        case.enter(state, now);
        if let Some(phase) = state.phase() {
            ask(tx, case, phase);
        } else if state.is_final() {
            if case.kind == "erasure" && state == State::Done {
                self.certify(tx, case).await?;
            } else if state == State::PersonErased {
                part(tx, case).await?;
            }
            act(tx, case, "rights.case_closed", None);
        }
        cases::replace(tx, case).await?;
        Ok(())
    }

    /// The end of an erasure: what was answered is signed, and the person goes out of the case itself.
    async fn certify(&self, tx: &mut TenantTx, case: &mut CaseRow) -> Result<()> {
        let answers = decoded(&outcomes::of_case(tx, case.id).await?)?;
        let document = certificate::document(&Facts {
            tenant: case.tenant_id,
            case: case.id,
            received_at: case.received_at.to_jiff(),
            completed_at: tx.clock().now(),
            commitment: case.commitment.as_deref(),
            outcomes: &answers,
        });
        case.certificate_jws = Some(self.certificates.sign(&document));
        part(tx, case).await
    }
}

/// The case stays, its person does not.
async fn part(tx: &mut TenantTx, case: &mut CaseRow) -> Result<()> {
    (case.subject_id, case.identifiers, case.message) = (None, None, None);
    parts::forget(tx, &[case.id]).await?;
    Ok(())
}

/// Whether another erasure of the person is open; with `removing`, only one whose rows are going by now. Nobody begins or ends one until
/// the transaction does.
pub async fn erasure_of(tx: &mut TenantTx, subject: Uuid, but: Uuid, removing: bool) -> Result<bool> {
    cases::hold_person(tx, subject).await?;
    let gone = [State::Erasing.name(), State::Scanning.name()];
    let states = cases::erasures_of_person(tx, subject, but).await?;
    Ok(states.iter().any(|state| !removing || gone.contains(&state.as_str())))
}

/// Stored answers, read.
///
/// # Errors
/// A stored answer is none.
pub fn decoded(answers: &[Vec<u8>]) -> Result<Vec<RightsOutcome>> {
    answers.iter().map(|answer| RightsOutcome::decode(answer.as_slice()).map_err(Error::from)).collect()
}

/// Where what a case holds of a person stands.
pub fn place(tenant: TenantId, case: Uuid, store: &str) -> Place<'_> {
    Place { tenant, holder: case, store, row: case, category: "personal" }
}

/// Asks everybody for a phase.
pub fn ask(tx: &mut TenantTx, case: &mut CaseRow, phase: RightsPhase) {
    let now = tx.clock().now();
    case.asked_at = now.to_diesel();
    let sealed_identifiers = case.identifiers.clone().filter(|_| phase == RightsPhase::Find).unwrap_or_default();
    let task = RightsTask {
        case_id: case.id.as_bytes().to_vec(),
        tenant_id: case.tenant_id.as_bytes().to_vec(),
        subject_id: case.subject_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        kind: case.kind().into(),
        phase: phase.into(),
        sealed_identifiers,
        asked_at_us: micros(now),
    };
    let event = Outgoing::new(&topics::RIGHTS_TASKS, case.id.as_bytes(), tx.tenant(), tx.clock(), &task);
    tx.publish(event);
}

/// Puts an act on record when the transaction commits. `by` is nobody when a person without an account or the platform itself acted.
pub fn act(tx: &mut TenantTx, case: &CaseRow, kind: &str, by: Option<PrincipalId>) {
    let (tenant, id) = (tx.tenant(), ActId::new(tx.clock()));
    let facts = [("case_kind", case.kind.clone()), ("state", case.state.clone()), ("channel", case.channel.clone())];
    let act = Act {
        act_id: id.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        principal_id: by.map(|by| by.as_bytes().to_vec()).unwrap_or_default(),
        service: Service::Rights.name().to_owned(),
        kind: kind.to_owned(),
        object_id: case.id.as_bytes().to_vec(),
        subject_commitment: case.commitment.clone().unwrap_or_default(),
        acted_at_us: micros(tx.clock().now()),
        trace_id: runtime::telemetry::trace_id().to_vec(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<HashMap<_, _>>(),
    };
    let event = Outgoing::new(topics::acts(Service::Rights), id.as_bytes(), tenant, tx.clock(), &act);
    tx.publish(event);
}
