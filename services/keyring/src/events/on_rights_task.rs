//! A phase of a rights case: PLAN of an erasure says whether there is a key, SHRED destroys it, SCAN looks for what is left. The other phases are for other services.

use super::say;
use crate::domain::holder::Kind;
use crate::error::Error;
use crate::ops::Store;
use crate::store::ledger::{Entry, State};
use anyhow::anyhow;
use bus::{Handler, Rejected};
use events::platform::RightsPhase;
use events::rights::{CaseKind, RightsTask};
use events::{Incoming, Topic, topics};
use kernel::TenantId;
use std::sync::Arc;
use uuid::Uuid;

/// Hears `rights.tasks`.
pub struct OnRightsTask {
    /// The key store.
    pub store: Arc<Store>,
}

/// A task that is for keyring.
struct Task {
    tenant: TenantId,
    case: Uuid,
    subject: Uuid,
}

impl Handler for OnRightsTask {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::RIGHTS_TASKS]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        let task: RightsTask = event.decode().map_err(|why| Rejected::Poison(why.into()))?;
        match task.phase() {
            RightsPhase::Plan if task.kind() == CaseKind::Erasure => self.plan(Task::read(&event, &task)?).await,
            RightsPhase::Shred => self.shred(Task::read(&event, &task)?).await,
            RightsPhase::Scan => self.scan(Task::read(&event, &task)?).await,
            RightsPhase::Unspecified | RightsPhase::Find | RightsPhase::Plan | RightsPhase::Collect | RightsPhase::Erase => Ok(()),
        }
    }
}

impl OnRightsTask {
    /// Two commits: the ledger, then the shredding with its answer. Heard again, both see that they are done and the answer is given again.
    async fn shred(&self, task: Task) -> Result<(), Rejected> {
        self.store.record(task.tenant, Kind::Subject, task.subject, Some(task.case)).await.map_err(retry)?;
        let asked = Entry { holder: task.subject, kind: Kind::Subject, case: Some(task.case), state: State::Recorded };
        self.store
            .finish(task.tenant, task.subject, &|tx, erasure| say::shred_outcome(tx, &self.store, &asked, erasure))
            .await
            .map_err(retry)?;
        Ok(())
    }

    /// A key may be all that is left of a person whose contact was deleted.
    async fn plan(&self, task: Task) -> Result<(), Rejected> {
        self.store.plan(task.tenant, task.case, task.subject).await.map_err(retry)
    }

    async fn scan(&self, task: Task) -> Result<(), Rejected> {
        self.store.scan(task.tenant, task.case, task.subject).await.map_err(retry)
    }
}

impl Task {
    /// The ids of an erasure; anything else under these phases is nothing that rights says.
    fn read(event: &Incoming, task: &RightsTask) -> Result<Self, Rejected> {
        let poison = |what: &'static str| Rejected::Poison(anyhow!(what));
        if task.kind() != CaseKind::Erasure {
            return Err(poison("only an erasure may plan with keyring, shred or scan"));
        }
        let tenant = TenantId::from_slice(&task.tenant_id)
            .filter(|tenant| *tenant == event.tenant)
            .ok_or_else(|| poison("the task is of another tenant than its event"))?;
        let case = Uuid::from_slice(&task.case_id).map_err(|_| poison("the task names no case"))?;
        let subject = Uuid::from_slice(&task.subject_id).map_err(|_| poison("the task names nobody"))?;
        Ok(Self { tenant, case, subject })
    }
}

fn retry(why: Error) -> Rejected {
    Rejected::Retry(why.into())
}
