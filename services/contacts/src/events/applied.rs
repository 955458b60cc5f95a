//! Acknowledges what people said: "I decide by it from now on".

use bus::View;
use db::{Db, DbError, TenantTx};
use events::consent::PersonState;
use events::platform::Applied;
use events::{Outgoing, topics};
use kernel::{Clock, Service, TenantId, micros};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// At most so many acknowledgements share a transaction.
const BATCH: usize = 1000;

/// Acknowledges each state as soon as the view has it. A state that was missed while many came at once stays unacknowledged: its lease holds all the same.
pub async fn acknowledge(db: Db, people: Arc<View<PersonState>>, instance: String, stop: CancellationToken) -> anyhow::Result<()> {
    let mut changes = people.changes();
    while let Some(first) = stop.run_until_cancelled(changes.recv()).await {
        let mut taken = Vec::new();
        match first {
            Ok(change) => taken.push(change),
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => break,
        }
        while taken.len() < BATCH {
            let Ok(change) = changes.try_recv() else { break };
            taken.push(change);
        }
        let mut by_tenant: BTreeMap<TenantId, Vec<Applied>> = BTreeMap::new();
        for change in taken {
            let state = people.get(&change.key);
            let Some((tenant, version)) = state.and_then(|state| Some((TenantId::from_slice(&state.tenant_id)?, change.version?))) else {
                continue;
            };
            by_tenant.entry(tenant).or_default().push(applied(&change.key, version, &instance, db.clock()));
        }
        for (tenant, all) in by_tenant {
            if let Err(cause) = say(&db, tenant, &all).await {
                tracing::warn!(%cause, "states are decided by, and could not be acknowledged");
            }
        }
    }
    Ok(())
}

fn applied(key: &[u8; 16], version: i64, instance: &str, clock: &Clock) -> Applied {
    Applied {
        topic: topics::CONSENT_DECISIONS.name.to_owned(),
        key: key.to_vec(),
        version,
        applied_at_us: micros(clock.now()),
        instance: instance.to_owned(),
    }
}

async fn say(db: &Db, tenant: TenantId, all: &[Applied]) -> Result<(), DbError> {
    db.tx(tenant, "contacts.applied", async |tx: &mut TenantTx| {
        for applied in all {
            let event = Outgoing::new(topics::applied(Service::Contacts), &applied.key, tenant, tx.clock(), applied);
            tx.publish(event);
        }
        Ok(())
    })
    .await
}
