//! Read records and acts become leaves: batch by batch, each event once.

use crate::domain::entry::Entry;
use crate::domain::merkle::leaf_hash;
use crate::store;
use aws_lc_rs::rand;
use bus::{Handler, Rejected};
use db::{Db, DbError, TenantTx, inbox};
use events::audit::log_entry::Body;
use events::platform::{Act, ReadRecord};
use events::{Event, Incoming, Topic, topics};
use kernel::{EventId, Service, TenantId};
use std::collections::{BTreeMap, HashSet};

/// Appends what every service journalled and did.
pub struct OnEntry {
    pub db: Db,
}

/// An event that is fit for the log, decoded.
struct Heard {
    event: EventId,
    entry: Entry,
}

impl Handler for OnEntry {
    const MAX_BATCH: usize = 500;

    fn topics(&self) -> Vec<&'static Topic> {
        Service::ALL.iter().flat_map(|service| [topics::reads(*service), topics::acts(*service)]).collect()
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        self.handle_batch(vec![event]).await
    }

    async fn handle_batch(&self, events: Vec<Incoming>) -> Result<(), Rejected> {
        let mut by_tenant: BTreeMap<TenantId, Vec<Heard>> = BTreeMap::new();
        for event in &events {
            by_tenant.entry(event.tenant).or_default().push(heard(event).map_err(Rejected::Poison)?);
        }
        for (tenant, heard) in by_tenant {
            self.append(tenant, &heard).await.map_err(|cause| Rejected::Retry(cause.into()))?;
        }
        Ok(())
    }
}

impl OnEntry {
    async fn append(&self, tenant: TenantId, heard: &[Heard]) -> Result<(), DbError> {
        self.db
            .tx(tenant, "audit.append", async |tx: &mut TenantTx| {
                let ids: Vec<EventId> = heard.iter().map(|heard| heard.event).collect();
                let new = inbox::first_times(tx, "audit", &ids).await?;
                let mut entries: Vec<Entry> = Vec::new();
                let mut taken = HashSet::new();
                for heard in heard.iter().filter(|heard| new.contains(&heard.event)) {
                    if taken.insert(heard.event) {
                        entries.push(heard.entry.clone());
                    }
                }
                if entries.is_empty() {
                    return Ok(());
                }
                let mut edge = store::tree::lock_edge(tx.conn()).await?;
                let first = edge.size();
                let complete: Vec<_> = entries.iter().flat_map(|entry| edge.append(leaf_hash(&entry.data))).collect();
                store::tree::extend(tx.conn(), edge.size(), &complete).await?;
                store::entries::insert(tx, first, &entries).await?;
                Ok(())
            })
            .await
    }
}

fn heard(event: &Incoming) -> anyhow::Result<Heard> {
    let body =
        if event.event_type == ReadRecord::TYPE { Body::Read(event.decode::<ReadRecord>()?) } else { Body::Act(event.decode::<Act>()?) };
    let nonce: [u8; 16] = rand::generate(&rand::SystemRandom::new()).map_err(|_| anyhow::anyhow!("no randomness"))?.expose();
    let entry = Entry::new(nonce, event.event_id, event.tenant, body)?;
    Ok(Heard { event: event.event_id, entry })
}
