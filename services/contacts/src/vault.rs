//! Keys, tokens and sealing: what happens to values between the door and the row.

use crate::domain::blobs::{Blobs, SEALED};
use crate::domain::fields::Values;
use crate::error::{Error, Lost, Result};
use crate::store::people::STORE;
use kernel::{SubjectId, TenantId};
use opener::{Ask, Held, HolderKind, Keyring};
use privacy::{AccessLimit, Category, Purpose, Verb};
use seal::{Key, Place, index};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A tenant's index keys, in the order in which they are asked for.
const FIELDS: [&str; 3] = ["email", "telephone", "suppression"];

/// Seals contacts and makes the tokens by which they are found.
#[derive(Clone)]
pub struct Vault {
    keyring: Keyring,
    indexes: Arc<Mutex<HashMap<TenantId, Arc<Indexes>>>>,
}

/// A tenant's index keys.
pub struct Indexes {
    email: Key,
    telephone: Key,
    suppression: Key,
}

/// The tokens of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub email: Option<Vec<u8>>,
    pub telephone: Option<Vec<u8>>,
    /// By these a person is kept out who asked not to be kept.
    pub suppression_email: Option<Vec<u8>>,
    pub suppression_telephone: Option<Vec<u8>>,
}

/// A contact's keys, in the order of [`SEALED`].
pub type Keys = Vec<Key>;

impl Indexes {
    pub fn tokens(&self, values: &Values) -> Tokens {
        let email = values.email.as_ref().map(|email| email.matching().to_owned());
        let telephone = values.telephone.as_ref().map(|phone| phone.e164().unwrap_or(phone.as_given()).to_owned());
        let suppression = |text: &Option<String>| text.as_deref().map(|text| index::token(&self.suppression, text).to_vec());
        Tokens {
            suppression_email: suppression(&email),
            suppression_telephone: suppression(&telephone),
            email: email.map(|text| index::token(&self.email, &text).to_vec()),
            telephone: telephone.map(|text| index::token(&self.telephone, &text).to_vec()),
        }
    }
}

impl Tokens {
    /// Both tokens of suppression, as far as there are any.
    pub fn suppressions(&self) -> impl Iterator<Item = &Vec<u8>> {
        [&self.suppression_email, &self.suppression_telephone].into_iter().flatten()
    }

    /// By which the person is found, as far as there is any.
    pub fn found_by(&self) -> impl Iterator<Item = &Vec<u8>> {
        [&self.email, &self.telephone].into_iter().flatten()
    }
}

impl Vault {
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring, indexes: Arc::default() }
    }

    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A tenant's index keys; they do not change while the tenant lives, so they are asked for once a process.
    pub async fn indexes(&self, tenant: TenantId) -> Result<Arc<Indexes>> {
        if let Some(known) = self.indexes.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant) {
            return Ok(known.clone());
        }
        let mut keys = self.keyring.index_keys(tenant, &FIELDS).await?.into_iter();
        let (Some(email), Some(telephone), Some(suppression)) = (keys.next(), keys.next(), keys.next()) else {
            return Err(Error::NotFound);
        };
        let indexes = Arc::new(Indexes { email, telephone, suppression });
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, indexes.clone());
        Ok(indexes)
    }

    /// Makes keys for new people, in one request; who was erased has none.
    pub async fn create(&self, tenant: TenantId, people: &[SubjectId], verb: Verb) -> Result<Vec<Option<Keys>>> {
        let holders: Vec<Uuid> = people.iter().map(kernel::SubjectId::uuid).collect();
        Ok(self.keyring.create(&ask(tenant, verb), &holders).await?.into_iter().map(Held::keys).collect())
    }

    /// The keys of people who have some, in one request.
    pub async fn release(&self, tenant: TenantId, people: &[SubjectId], verb: Verb) -> Result<Vec<Option<Keys>>> {
        let holders: Vec<Uuid> = people.iter().map(kernel::SubjectId::uuid).collect();
        Ok(self.keyring.release(&ask(tenant, verb), &holders).await?.into_iter().map(Held::keys).collect())
    }

    /// Somebody as they stand in the audit log; nothing once their key is gone.
    pub async fn commitment(&self, tenant: TenantId, person: SubjectId) -> Result<Option<[u8; 32]>> {
        let subkeys = vec!["audit".to_owned()];
        let ask = Ask { tenant, kind: HolderKind::Subject, subkeys, purpose: Purpose::OPERATE, verb: Verb::Write };
        let held = self.keyring.release(&ask, &[person.uuid()]).await?;
        let audit = held.into_iter().find_map(Held::keys).and_then(|keys| keys.into_iter().next());
        Ok(audit.map(|audit| index::commitment(&audit, person)))
    }

    /// The key of an import, made when it is not there yet.
    pub async fn import_key(&self, tenant: TenantId, import: Uuid) -> Result<Key> {
        let ask =
            Ask { tenant, kind: HolderKind::Import, subkeys: vec!["imported".to_owned()], purpose: Purpose::OPERATE, verb: Verb::Import };
        let held = self.keyring.create(&ask, &[import]).await?;
        match held.into_iter().next() {
            Some(Held::Live(keys)) => keys.into_iter().next().ok_or(Error::NotFound),
            Some(Held::Shredded) => Err(Error::Lost(Lost::Key)),
            _ => Err(Error::NotFound),
        }
    }
}

/// What contacts asks keyring for, on the tenant's instruction.
fn ask(tenant: TenantId, verb: Verb) -> Ask {
    let subkeys = SEALED.iter().map(|category| category.name().to_owned()).collect();
    Ask { tenant, kind: HolderKind::Subject, subkeys, purpose: Purpose::OPERATE, verb }
}

/// The limit of work that the service does itself, on the tenant's instruction; the purpose is always `operate`.
pub fn own_limit() -> AccessLimit {
    AccessLimit::everything()
}

/// A contact's columns, sealed: in the order of [`SEALED`].
pub fn seal_blobs(tenant: TenantId, subject: SubjectId, keys: &Keys, blobs: &Blobs) -> [Option<Vec<u8>>; 3] {
    let mut sealed = SEALED.iter().zip(keys).map(|(category, key)| {
        let place = Place { tenant, holder: subject.uuid(), store: STORE, row: subject.uuid(), category: category.name() };
        blobs.plain(*category).map(|plain| seal::seal(key, &place, &plain))
    });
    [sealed.next().flatten(), sealed.next().flatten(), sealed.next().flatten()]
}

/// Where something that belongs to an import stands.
pub fn import_place(tenant: TenantId, import: Uuid, store: &str, row: Uuid) -> Place<'_> {
    Place { tenant, holder: import, store, row, category: Category::Imported.name() }
}
