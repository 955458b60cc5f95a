//! A service decides by a state from now on.

use crate::error::Error;
use crate::store::acknowledgements;
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{Db, TenantTx, inbox};
use events::platform::Applied;
use events::{Incoming, Topic, topics};
use kernel::{Service, SubjectId, from_micros};

/// Hears `<service>.applied` of every service.
pub struct OnApplied {
    pub db: Db,
}

impl Handler for OnApplied {
    fn topics(&self) -> Vec<&'static Topic> {
        Service::ALL.iter().map(|service| topics::applied(*service)).collect()
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        let heard: Applied = event.decode()?;
        if heard.topic != topics::CONSENT_DECISIONS.name {
            return Ok(());
        }
        let subject = SubjectId::from_slice(&heard.key).ok_or_else(|| Rejected::Poison(anyhow!("the state is nobody's")))?;
        let applied_at = from_micros(heard.applied_at_us).ok_or_else(|| Rejected::Poison(anyhow!("the time is out of bounds")))?;
        let service = event.topic.split('.').next().unwrap_or_default().to_owned();
        let done: Result<(), Error> = self
            .db
            .tx(event.tenant, "consent.on_applied", async |tx: &mut TenantTx| {
                if inbox::first_time(tx, "consent", event.event_id).await? {
                    acknowledgements::insert(tx, subject, &service, heard.version, applied_at).await?;
                }
                Ok(())
            })
            .await;
        done.map_err(|cause| Rejected::Retry(cause.into()))
    }
}
