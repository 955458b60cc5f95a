//! A person's state that an older one came after is said again, from the tables: compaction would keep the older one alone, and with it a consent that was
//! withdrawn.

use crate::error::Error;
use crate::store::people;
use bus::View;
use db::{Db, TenantTx};
use events::consent::PersonState;
use events::identity::Tenant;
use events::{Outgoing, topics};
use kernel::{SubjectId, TenantId};
use runtime::Runtime;
use std::sync::Arc;

/// Listens to consent's own topic; to be called before the views are read.
pub fn spawn(rt: &Runtime, db: &Db, said: &Arc<View<PersonState>>, tenants: &Arc<View<Tenant>>) {
    let (db, states, tenants) = (db.clone(), said.clone(), tenants.clone());
    bus::spawn_repair(rt, said, move |key| {
        let (db, owners) = (db.clone(), bus::owners(&states, |state| &state.tenant_id, &tenants, &key));
        async move { Ok(say(&db, &owners, SubjectId::from(uuid::Uuid::from_bytes(key))).await?) }
    });
}

async fn say(db: &Db, owners: &[TenantId], subject: SubjectId) -> Result<(), Error> {
    for owner in owners {
        let said = db.tx(*owner, "consent.repair", async |tx: &mut TenantTx| {
            let state = people::states(tx, &[subject]).await?.into_iter().next();
            if let Some((subject, state)) = &state {
                tx.publish(Outgoing::new(&topics::CONSENT_DECISIONS, subject.as_bytes(), tx.tenant(), tx.clock(), state));
            }
            Ok::<_, Error>(state.is_some())
        });
        if said.await? {
            return Ok(());
        }
    }
    // Nobody has them any more, so nobody's they are.
    db.tx(TenantId::HOUSE, "consent.repair", async |tx: &mut TenantTx| {
        tx.publish(Outgoing::tombstone::<PersonState>(&topics::CONSENT_DECISIONS, subject.as_bytes(), tx.tenant(), tx.clock()));
        Ok(())
    })
    .await
}
