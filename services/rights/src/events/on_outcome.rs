//! A service has answered a phase: the case moves on when it was the last.

use crate::desk::{Desk, decoded};
use crate::domain::progress::{State, next};
use crate::error::{Error, Result};
use crate::store::parts::PartRow;
use crate::store::{CaseRow, cases, outcomes, parts};
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{TenantTx, inbox};
use events::platform::{RightsOutcome, RightsPhase, RightsResult};
use events::{Incoming, Topic, topics};
use kernel::{Service, SubjectId};
use opener::HolderKind;
use privacy::Verb;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Hears `<service>.outcomes` of every service.
pub struct OnOutcome {
    pub desk: Desk,
}

impl Handler for OnOutcome {
    fn topics(&self) -> Vec<&'static Topic> {
        Service::ALL.iter().map(|service| topics::outcomes(*service)).collect()
    }

    async fn handle(&self, event: Incoming) -> std::result::Result<(), Rejected> {
        let outcome: RightsOutcome = event.decode()?;
        let case = Uuid::from_slice(&outcome.case_id).map_err(|_| Rejected::Poison(anyhow!("the answer names no case")))?;
        let writer = event.topic.split('.').next().unwrap_or_default();
        if outcome.service != writer {
            return Err(Rejected::Poison(anyhow!("an answer in another service's name")));
        }
        self.hear(&event, case, &outcome).await.map_err(Rejected::from)
    }
}

impl OnOutcome {
    async fn hear(&self, event: &Incoming, case: Uuid, outcome: &RightsOutcome) -> Result<()> {
        // Keys are fetched before the transaction: nothing leaves the machine inside one.
        let commitment = if outcome.phase() == RightsPhase::Plan { self.commitment(event, outcome).await? } else { None };
        let closed = self
            .desk
            .db
            .tx(event.tenant, "rights.on_outcome", async |tx: &mut TenantTx| {
                if !inbox::first_time(tx, "rights.outcomes", event.event_id).await? {
                    return Ok(false);
                }
                let Some(mut case) = cases::lock(tx, case).await? else { return Ok(false) };
                // An answer that comes late is to a question that nobody asks any more.
                if case.state().phase() != Some(outcome.phase()) {
                    return Ok(false);
                }
                if commitment.is_some() {
                    case.commitment.clone_from(&commitment);
                }
                self.take(tx, &mut case, outcome).await?;
                Ok::<_, Error>(case.state().is_final())
            })
            .await?;
        if closed { self.desk.look_now(event.tenant, &[case]).await } else { Ok(()) }
    }

    /// The person in the audit log, as long as the key is there.
    async fn commitment(&self, event: &Incoming, outcome: &RightsOutcome) -> Result<Option<Vec<u8>>> {
        let Some(subject) = SubjectId::from_slice(&outcome.subject_id) else { return Ok(None) };
        let key = self.desk.key(event.tenant, HolderKind::Subject, subject.uuid(), "audit", Verb::Read).await?;
        Ok(key.map(|key| seal::index::commitment(&key, subject).to_vec()))
    }

    async fn take(&self, tx: &mut TenantTx, case: &mut CaseRow, outcome: &RightsOutcome) -> Result<()> {
        outcomes::put(tx, case.id, outcome).await?;
        let rows: Vec<PartRow> = outcome
            .parts
            .iter()
            .map(|part| PartRow {
                tenant_id: case.tenant_id,
                case_id: case.id,
                service: outcome.service.clone(),
                name: part.name.clone(),
                categories: part.categories.into(),
                sealed: part.sealed.clone(),
            })
            .collect();
        if !rows.is_empty() {
            parts::put(tx, &rows).await?;
        }
        if outcome.phase() == RightsPhase::Find {
            let found: Vec<Uuid> = outcome.found_subject_ids.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect();
            case.matches = i32::try_from(found.len()).unwrap_or(i32::MAX);
            case.subject_id = found.first().copied().filter(|_| found.len() == 1);
        }
        // Two people's data are never handed out to one of them: the tenant says who it is.
        let several = outcome.phase() == RightsPhase::Find && case.matches > 1;
        let state = case.state();
        let moved = if several {
            Some(State::AwaitingConfirmation)
        } else {
            let answers = answers(&decoded(&outcomes::of_case(tx, case.id).await?)?, outcome.phase());
            next(case.kind(), state, &answers, case.subject_id.is_some())
        };
        match moved {
            Some(state) => self.desk.enter(tx, case, state).await,
            None => Ok(cases::replace(tx, case).await?),
        }
    }
}

/// Who answered a phase, and how.
fn answers(outcomes: &[RightsOutcome], phase: RightsPhase) -> BTreeMap<Service, RightsResult> {
    outcomes
        .iter()
        .filter(|outcome| outcome.phase() == phase)
        .filter_map(|outcome| Some((outcome.service.parse().ok()?, outcome.result())))
        .collect()
}
