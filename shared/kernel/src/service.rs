//! The services of the platform.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A service of the platform; its name stands in topics, databases, roles, settings and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Tenants, keys, tokens.
    Identity,
    /// Keys of subjects; shredding.
    Keyring,
    /// Contacts and their import.
    Contacts,
    /// Purposes, consent decisions, receipts.
    Consent,
    /// Rights cases.
    Rights,
    /// The log of reads and acts.
    Audit,
}

impl Service {
    /// Every service, in the order in which they start.
    pub const ALL: [Self; 6] = [Self::Identity, Self::Keyring, Self::Contacts, Self::Consent, Self::Rights, Self::Audit];

    /// The name in lower case, as in `mxtr serve contacts`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Keyring => "keyring",
            Self::Contacts => "contacts",
            Self::Consent => "consent",
            Self::Rights => "rights",
            Self::Audit => "audit",
        }
    }
}

/// No service has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such service; there are identity, keyring, contacts, consent, rights and audit")]
pub struct UnknownService;

impl FromStr for Service {
    type Err = UnknownService;
    fn from_str(name: &str) -> Result<Self, UnknownService> {
        Self::ALL.into_iter().find(|service| service.name() == name).ok_or(UnknownService)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
