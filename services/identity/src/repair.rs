//! States that an older one came after are said again, from the tables.

use crate::Told;
use crate::error::Error;
use crate::store::{api_keys, tenants};
use db::{Db, TenantTx};
use kernel::{PrincipalId, TenantId};
use runtime::Runtime;

/// Listens to identity's own topics; to be called before the views are read.
pub fn spawn(rt: &Runtime, db: &Db, told: &Told) {
    let tenants_db = db.clone();
    bus::spawn_repair(rt, &told.tenants, move |key| {
        let db = tenants_db.clone();
        async move { Ok(say_tenant(&db, TenantId::from(uuid::Uuid::from_bytes(key))).await?) }
    });
    let (keys_db, keys, all) = (db.clone(), told.keys.clone(), told.tenants.clone());
    bus::spawn_repair(rt, &told.keys, move |key| {
        let (db, owners) = (keys_db.clone(), bus::owners(&keys, |key| &key.tenant_id, &all, &key));
        async move { Ok(say_key(&db, &owners, PrincipalId::from(uuid::Uuid::from_bytes(key))).await?) }
    });
}

async fn say_tenant(db: &Db, id: TenantId) -> Result<(), Error> {
    db.tx(id, "identity.tenants.repair", async |tx: &mut TenantTx| {
        if let Some(tenant) = tenants::find(tx).await? {
            tenants::say(tx, &tenant);
        }
        Ok(())
    })
    .await
}

async fn say_key(db: &Db, owners: &[TenantId], id: PrincipalId) -> Result<(), Error> {
    for owner in owners {
        let said = db.tx(*owner, "identity.api_keys.repair", async |tx: &mut TenantTx| {
            let key = api_keys::find(tx, id).await?;
            if let Some(key) = &key {
                api_keys::say(tx, key);
            }
            Ok::<_, Error>(key.is_some())
        });
        if said.await? {
            break;
        }
    }
    Ok(())
}
