//! Where every request passes: the table, the budget, then the store.

use super::HOLDERS;
use crate::domain::budget::{Budgets, Exceeded};
use crate::domain::holder::{Kind, Known};
use crate::domain::matrix::{self, Action, Ask};
use crate::error::Error;
use crate::metrics::{Metrics, Refused};
use crate::ops::Store;
use crate::tokens::Tokens;
use events::keyring::{HolderKeys, KeysAnswer, ReleaseKeysRequest};
use kernel::{Clock, Service, TenantId};
use seal::SubjectKey;
use std::sync::Arc;
use uuid::Uuid;

/// What the handlers share.
pub struct Desk {
    /// The key store.
    pub store: Arc<Store>,
    /// Who is who.
    pub tokens: Tokens,
    /// What each may still open.
    pub budgets: Budgets,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
}

/// A request for holders' keys that passed the table.
pub struct Asked {
    pub tenant: TenantId,
    pub kind: Kind,
    pub holders: Vec<Uuid>,
    subkeys: Vec<String>,
}

impl Desk {
    /// Reads a request for keys and asks the table.
    pub fn admit(&self, service: Service, action: Action, request: ReleaseKeysRequest) -> Result<Asked, Error> {
        let kind = self.kind(request.kind)?;
        let ask = Ask { service, action, kind, purpose: &request.purpose, verb: &request.verb };
        self.require(matrix::allows(&ask, &request.subkeys))?;
        if request.holder_ids.len() > HOLDERS {
            return Err(Error::Invalid("at most 5000 holders in a request"));
        }
        let holders = request.holder_ids.iter().map(|id| id_of(id)).collect::<Result<_, _>>()?;
        Ok(Asked { tenant: tenant_of(&request.tenant_id)?, kind, holders, subkeys: request.subkeys })
    }

    /// The kind with this number.
    pub fn kind(&self, number: i32) -> Result<Kind, Error> {
        Kind::from_number(number).ok_or(Error::Invalid("unknown kind of holder"))
    }

    /// Refuses what the table refuses.
    pub fn require(&self, allowed: bool) -> Result<(), Error> {
        if allowed {
            return Ok(());
        }
        self.metrics.refused(Refused::Matrix);
        Err(Error::Forbidden)
    }

    /// Takes the openings from the budget; the first refusal in a row is put on record.
    pub async fn spend(&self, service: Service, tenant: TenantId, holders: usize) -> Result<(), Error> {
        let openings = u32::try_from(holders).expect("a request is small");
        match self.budgets.take(service, tenant, openings, kernel::micros(self.clock.now())) {
            Ok(()) => {
                self.metrics.opened(service, openings);
                Ok(())
            }
            Err(Exceeded { retry_after_seconds, first }) => {
                self.metrics.refused(Refused::Budget);
                if first {
                    self.store.budget_exceeded(service, tenant).await?;
                }
                Err(Error::OverBudget { retry_after_seconds })
            }
        }
    }
}

impl Asked {
    /// The answer: of each live holder the subkeys that were asked for.
    pub fn answer(&self, keys: Vec<Known<SubjectKey>>) -> KeysAnswer {
        let holders = self.holders.iter().zip(keys).map(|(holder, key)| self.holder(*holder, &key)).collect();
        KeysAnswer { holders }
    }

    fn holder(&self, holder: Uuid, key: &Known<SubjectKey>) -> HolderKeys {
        let keys = match key {
            Known::Live(key) => self.subkeys.iter().map(|name| subkey(key, name)).collect(),
            Known::Shredded | Known::Unknown => Vec::new(),
        };
        HolderKeys { holder_id: holder.as_bytes().to_vec(), state: key.event().into(), keys }
    }
}

/// A category's key, or one of the named subkeys.
fn subkey(key: &SubjectKey, name: &str) -> Vec<u8> {
    match name.parse() {
        Ok(category) => key.category(category).key().as_bytes().to_vec(),
        Err(_) => key.subkey(name).as_bytes().to_vec(),
    }
}

/// The tenant with these sixteen bytes.
pub fn tenant_of(bytes: &[u8]) -> Result<TenantId, Error> {
    TenantId::from_slice(bytes).ok_or(Error::Invalid("tenant_id must be sixteen bytes"))
}

/// The id with these sixteen bytes.
pub fn id_of(bytes: &[u8]) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|_| Error::Invalid("a holder id must be sixteen bytes"))
}
