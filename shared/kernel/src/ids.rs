//! Ids: one newtype over [`Uuid`] per thing that has an identity.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Clock;

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

/// Stamps out an id: conversions, text and bytes, column type, schema. How it is made is said per kind, below.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "diesel", derive(diesel_derive_newtype::DieselNewType))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The sixteen bytes, as they stand in Kafka keys and in additional data of sealed values.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id of exactly sixteen bytes; `None` for any other length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }

            /// The bare UUID, for columns and functions that take any id.
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse().map(Self).map_err(|_| InvalidId)
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                    .into()
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::ToSchema for $name {}
    };
}

/// Ids that sort by the time they were made: UUIDv7 (RFC 9562) from the clock we are given.
macro_rules! timed_id {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        id!($(#[$doc])* $name);

        impl $name {
            /// A new UUIDv7 of the clock's time; ids made of one clock rise strictly, also while it stands still.
            pub fn new(clock: &Clock) -> Self {
                Self(clock.uuid_v7())
            }
        }
    )*};
}

id! {
    /// A person in one tenant. Random (v4): it says nothing about when the person was met. The contact's id is this id.
    SubjectId
}

impl SubjectId {
    /// A new random id (UUIDv4).
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

timed_id! {
    /// A client of the platform, or the house itself.
    TenantId,
    /// Who calls: the id of an API key or of a service.
    PrincipalId,
    /// A run that brings contacts in.
    ImportId,
    /// A rights case.
    CaseId,
    /// A published event; the `ce_id` of CloudEvents.
    EventId,
    /// A read of personal values, in the journal.
    ReadId,
    /// An act in the audit log.
    ActId,
    /// A recorded consent decision.
    ConsentId,
    /// A signed receipt of a consent decision.
    ReceiptId,
    /// An assurance of a provider that people agreed to collection and sharing.
    AttestationId,
    /// A bucket of subject keys.
    BucketId,
    /// A version of a tenant's own privacy policy.
    PolicyDocId,
}

impl TenantId {
    /// The tenant that runs the platform. Fixed, so that every service knows it from the start.
    pub const HOUSE: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}
