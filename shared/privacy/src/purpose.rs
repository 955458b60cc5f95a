//! Purposes: the register of the policy, and nothing beside it.

use crate::{Basis, PurposeRecord, bundle};

/// A purpose of the policy's register. There is no "other": text that names none is an [`UnknownPurpose`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(pub(crate) u8);

impl Purpose {
    /// Its entry in the register.
    pub fn record(self) -> &'static PurposeRecord {
        &bundle().purposes[usize::from(self.0)]
    }

    /// Its id, such as `direct_marketing` or `client_service:newsletter`.
    pub fn name(self) -> &'static str {
        self.record().id
    }

    /// Its one legal basis.
    pub fn basis(self) -> Basis {
        self.record().basis
    }

    /// Whether an objection stops it (GDPR Article 21).
    pub fn objectable(self) -> bool {
        self.record().objectable
    }

    /// Whether it reaches records that the platform holds for a client: the platform's own purposes do not.
    pub fn reaches_processor_records(self) -> bool {
        self.record().processor_records
    }

    /// The service a client must have chosen for it, if it belongs to one.
    pub fn client_service(self) -> Option<&'static str> {
        self.record().client_service
    }

    /// Its bit in a [`PurposeSet`].
    pub const fn bit(self) -> u64 {
        1 << self.0
    }
}

text_form!(Purpose, UnknownPurpose, "not a purpose of the register");

set! {
    /// A set of [`Purpose`].
    struct PurposeSet(u64) of Purpose
}
