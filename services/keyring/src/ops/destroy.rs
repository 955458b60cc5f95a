//! The end of a key that is about nobody: an import's, a case's.

use super::{Erasure, Store};
use crate::domain::holder::Kind;
use crate::error::Error;
use crate::store::holders;
use kernel::TenantId;
use uuid::Uuid;

/// What came of asking for a key's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroyed {
    /// It is gone.
    Gone(Erasure),
    /// The id belongs to a holder of another kind, whose key nobody may end this way.
    OtherKind,
}

impl Store {
    /// Destroys the key of an import or a case; again is no fault.
    pub async fn destroy(&self, tenant: TenantId, kind: Kind, holder: Uuid) -> Result<Destroyed, Error> {
        let stored = self.db.tx(tenant, "keyring.kind_of", async |tx| Ok::<_, Error>(holders::kind_of(tx, holder).await?)).await?;
        if stored.is_some_and(|stored| stored != kind) {
            return Ok(Destroyed::OtherKind);
        }
        self.record(tenant, kind, holder, None).await?;
        Ok(Destroyed::Gone(self.finish(tenant, holder, &|_, _| ()).await?))
    }
}
