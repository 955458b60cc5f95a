//! A contact came, changed or went: consent learns whom a statement can be about.

use crate::error::Error;
use crate::store::people;
use anyhow::anyhow;
use bus::{Handler, Rejected, View};
use db::{Db, TenantTx, inbox};
use events::consent::PersonState;
use events::contacts::{Change, ContactChanged};
use events::keyring::Shredded;
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{EventId, SubjectId, TenantId};
use privacy::RecordRole;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Hears `contacts.changes`.
pub struct OnContactChanged {
    pub db: Db,
    /// Who was erased; what comes late about them makes them known to nobody.
    pub erased: Arc<View<Shredded>>,
}

/// A change that can be acted on.
struct Heard {
    event: EventId,
    subject: SubjectId,
    change: ContactChanged,
}

impl Heard {
    fn of(event: &Incoming) -> Result<Self, Rejected> {
        let change: ContactChanged = event.decode()?;
        let subject = SubjectId::from_slice(&change.subject_id).ok_or_else(|| Rejected::Poison(anyhow!("the change names nobody")))?;
        if change.change() != Change::Deleted {
            change.role.parse::<RecordRole>().map_err(|cause| Rejected::Poison(cause.into()))?;
        }
        Ok(Self { event: event.event_id, subject, change })
    }
}

impl Handler for OnContactChanged {
    // An import tells of a thousand people at once.
    const MAX_BATCH: usize = 1000;

    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        self.handle_batch(vec![event]).await
    }

    async fn handle_batch(&self, events: Vec<Incoming>) -> Result<(), Rejected> {
        let mut by_tenant: BTreeMap<TenantId, Vec<Heard>> = BTreeMap::new();
        for event in &events {
            by_tenant.entry(event.tenant).or_default().push(Heard::of(event)?);
        }
        for (tenant, heard) in by_tenant {
            self.hear(tenant, &heard).await?;
        }
        Ok(())
    }
}

impl OnContactChanged {
    fn lives(&self, subject: SubjectId) -> bool {
        self.erased.get(subject.as_bytes()).is_none()
    }

    /// What a tenant's changes come to, in one transaction: of each person the last that was heard for the first time.
    async fn hear(&self, tenant: TenantId, heard: &[Heard]) -> Result<(), Error> {
        let ids: Vec<EventId> = heard.iter().map(|heard| heard.event).collect();
        self.db
            .tx(tenant, "consent.on_contact_changed", async |tx: &mut TenantTx| {
                let new = inbox::first_times(tx, "consent", &ids).await?;
                // Changes of one person come in their order, so what comes later takes the place of what came before.
                let last: BTreeMap<SubjectId, &ContactChanged> = heard
                    .iter()
                    .filter(|heard| new.contains(&heard.event) && self.lives(heard.subject))
                    .map(|heard| (heard.subject, &heard.change))
                    .collect();
                let (gone, there): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, change)| change.change() == Change::Deleted);
                people::hear(tx, &there).await?;
                for subject in people::leave(tx, &gone).await? {
                    say_gone(tx, subject);
                }
                Ok(())
            })
            .await
    }
}

/// Tells those who decide by a person's state that there is none any more.
pub(super) fn say_gone(tx: &mut TenantTx, subject: SubjectId) {
    let gone = Outgoing::tombstone::<PersonState>(&topics::CONSENT_DECISIONS, subject.as_bytes(), tx.tenant(), tx.clock());
    tx.publish(gone);
}
