//! What keyring does: one file a deed, each a few named transactions and nothing else.

mod admit;
mod create;
mod destroy;
mod index;
mod plan;
mod release;
mod scan;
mod shred;
mod sweep;
mod turn;
mod vault;

pub use destroy::Destroyed;
pub use scan::Residue;
pub use shred::Erasure;
pub use turn::Turned;

use crate::domain::epoch::Epoch;
use crate::events::say;
use crate::store::epochs;
use crate::{error::Error, metrics::Metrics};
use db::Db;
use kernel::{Clock, Service, TenantId};
use seal::KeyWrapper;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vault::Vault;

/// The key store of every tenant: the tables, the opened keys of the moment, and the rules of time.
pub struct Store {
    db: Db,
    clock: Clock,
    vault: Vault,
    terms: Terms,
    metrics: Arc<Metrics>,
    receipts: Option<seal::evidence::Signer>,
    begun: AtomicBool,
}

/// The rules of time.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long an epoch lasts.
    pub epoch_seconds: NonZeroU32,
    /// How long the key-management service keeps a root after it was told to destroy it.
    pub deletion_window_seconds: u32,
}

impl Store {
    /// A store over these tables and these root keys. Receipts are signed when there is a key to sign them with.
    pub fn new(db: Db, roots: Arc<dyn KeyWrapper>, terms: Terms, metrics: Arc<Metrics>, receipts: Option<seal::evidence::Signer>) -> Self {
        let clock = db.clock().clone();
        Self { db, vault: Vault::new(roots, clock.clone()), clock, terms, metrics, receipts, begun: AtomicBool::new(false) }
    }

    /// The time that the store lives by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether this process has seen an epoch begin or running.
    pub fn has_epoch(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// The epochs that have a root key, newest first.
    pub async fn living_epochs(&self) -> Result<Vec<Epoch>, Error> {
        self.db.tx(TenantId::HOUSE, "keyring.living_epochs", async |tx| Ok::<_, Error>(epochs::living(tx).await?)).await
    }

    /// Puts on record that a service asked for more than its budget.
    pub async fn budget_exceeded(&self, service: Service, tenant: TenantId) -> Result<(), Error> {
        self.db
            .tx(tenant, "keyring.budget_exceeded", async |tx| {
                say::budget_exceeded(tx, &self.clock, service);
                Ok::<_, Error>(())
            })
            .await
    }

    /// Signs what keyring says it did; empty when it was given no key to sign with.
    pub(crate) fn sign(&self, said: &serde_json::Value) -> String {
        self.receipts.as_ref().map(|signer| signer.sign(said)).unwrap_or_default()
    }

    fn now_us(&self) -> i64 {
        kernel::micros(self.clock.now())
    }

    /// After a failure: makes ready for another try where another process got in between, and fails for good otherwise, or when there were too many.
    async fn again(&self, tenant: TenantId, why: Error, tries: &mut u32) -> Result<(), Error> {
        const TRIES: u32 = 8;
        *tries += 1;
        match why {
            why if *tries >= TRIES => Err(why),
            Error::NewTenant => self.admit(tenant).await,
            why if why.is_overtaken() => Ok(()),
            why => Err(why),
        }
    }
}
