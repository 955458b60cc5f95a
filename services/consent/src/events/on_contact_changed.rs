//! A contact came, changed or went: consent learns whom a statement can be about.

use crate::error::Error;
use crate::store::people;
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{Db, TenantTx, inbox};
use events::consent::PersonState;
use events::contacts::{Change, ContactChanged};
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{EventId, SubjectId, TenantId};
use privacy::RecordRole;
use std::collections::BTreeMap;

/// Hears `contacts.changes`.
pub struct OnContactChanged {
    pub db: Db,
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
            self.hear(tenant, &heard).await.map_err(|cause| Rejected::Retry(cause.into()))?;
        }
        Ok(())
    }
}

impl OnContactChanged {
    /// What a tenant's changes come to, in one transaction: of each person the last that was heard for the first time.
    async fn hear(&self, tenant: TenantId, heard: &[Heard]) -> Result<(), Error> {
        let ids: Vec<EventId> = heard.iter().map(|heard| heard.event).collect();
        self.db
            .tx(tenant, "consent.on_contact_changed", async |tx: &mut TenantTx| {
                let new = inbox::first_times(tx, "consent", &ids).await?;
                // Changes of one person come in their order, so what comes later takes the place of what came before.
                let last: BTreeMap<SubjectId, &ContactChanged> =
                    heard.iter().filter(|heard| new.contains(&heard.event)).map(|heard| (heard.subject, &heard.change)).collect();
                let (gone, there): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, change)| change.change() == Change::Deleted);
                people::hear(tx, &there).await?;
                for (subject, _) in gone {
                    forget(tx, subject).await?;
                }
                Ok(())
            })
            .await
    }
}

/// Removes what is known of a person, and tells those who decide by it.
pub(super) async fn forget(tx: &mut TenantTx, subject: SubjectId) -> Result<(), Error> {
    if people::forget(tx, subject).await? {
        let gone = Outgoing::tombstone::<PersonState>(&topics::CONSENT_DECISIONS, subject.as_bytes(), tx.tenant(), tx.clock());
        tx.publish(gone);
    }
    Ok(())
}
