//! Opening what is no row of a category: a person's package, the texts of a case.

use crate::keyring::{Ask, Held};
use crate::opener::{OpenError, Opener};
use crate::recorded::Recorded;
use crate::rows::Asking;
use events::keyring::HolderKind;
use events::platform::ReadSubject;
use kernel::SubjectId;
use privacy::CategorySet;
use seal::Place;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Whose key opens the parts.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    pub kind: HolderKind,
    pub id: Uuid,
    /// The key below the holder's: `package`, or a category.
    pub subkey: &'static str,
}

/// Something that was sealed for a rights case.
#[derive(Clone, Debug)]
pub struct SealedPart {
    /// Such as `contacts.package`.
    pub store: String,
    pub row: Uuid,
    /// What is in it.
    pub categories: CategorySet,
    pub sealed: Vec<u8>,
}

impl Opener {
    /// Opens parts, in their order, after the opening stands in the journal. `None` when the key is gone. The caller's limit has to hold the verb and the
    /// purpose, as for rows; whether it covers the categories, the route has looked.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is opened then.
    pub async fn open_parts(
        &self,
        asking: &Asking<'_>,
        holder: Holder,
        parts: &[SealedPart],
    ) -> Result<Option<Recorded<Vec<Zeroizing<Vec<u8>>>>>, OpenError> {
        granted(asking)?;
        self.fresh()?;
        let ask = Ask {
            tenant: asking.tenant,
            kind: holder.kind,
            subkeys: vec![holder.subkey.to_owned(), "audit".to_owned()],
            purpose: asking.purpose,
            verb: asking.verb,
        };
        let held = self.keyring().release(&ask, &[holder.id]).await?.into_iter().next();
        let Some(keys) = held.and_then(Held::keys) else { return Ok(None) };
        let [key, audit] = keys.as_slice() else { return Ok(None) };
        let opened = parts.iter().fold(0, |bits, part| bits | part.categories.bits());
        let commitment = seal::index::commitment(audit, SubjectId::from(holder.id)).to_vec();
        let subjects = vec![ReadSubject { commitment, opened, withheld: 0 }];
        self.record(asking, subjects).await?;
        #[expect(clippy::disallowed_methods, reason = "recorded above")]
        let open = |part: &SealedPart| {
            let place = Place { tenant: asking.tenant, holder: holder.id, store: &part.store, row: part.row, category: holder.subkey };
            seal::open(key, &place, &part.sealed).map_err(|_| OpenError::Unopenable { store: "a part of a case" })
        };
        Ok(Some(Recorded::new(parts.iter().map(open).collect::<Result<_, _>>()?)))
    }
}

fn granted(asking: &Asking<'_>) -> Result<(), OpenError> {
    match (asking.limit.allows(asking.verb), asking.limit.purposes.contains(asking.purpose)) {
        (false, _) => Err(OpenError::VerbNotGranted),
        (true, false) => Err(OpenError::PurposeNotGranted),
        (true, true) => Ok(()),
    }
}
