//! A contact came, changed or went: consent learns whom a statement can be about.

use crate::error::Error;
use crate::store::people;
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{Db, TenantTx, inbox};
use events::consent::PersonState;
use events::contacts::{Change, ContactChanged};
use events::{Incoming, Outgoing, Topic, topics};
use kernel::SubjectId;

/// Hears `contacts.changes`.
pub struct OnContactChanged {
    pub db: Db,
}

impl Handler for OnContactChanged {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        let heard: ContactChanged = event.decode()?;
        let subject = SubjectId::from_slice(&heard.subject_id).ok_or_else(|| Rejected::Poison(anyhow!("the change names nobody")))?;
        let done: Result<(), Error> = self
            .db
            .tx(event.tenant, "consent.on_contact_changed", async |tx: &mut TenantTx| {
                if !inbox::first_time(tx, "consent", event.event_id).await? {
                    return Ok(());
                }
                if heard.change() == Change::Deleted {
                    forget(tx, subject).await?;
                } else {
                    people::hear(tx, subject, &heard).await?;
                }
                Ok(())
            })
            .await;
        done.map_err(|cause| Rejected::Retry(cause.into()))
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
