//! Who may do what: limits, and the roles that hand them out.

use serde::{Deserialize, Serialize};

use crate::{CategorySet, PurposeSet, RoleRecord, Verb, VerbSet, bundle};

/// The most a caller may do. It can be narrowed and never widened: there is no union of limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessLimit {
    /// What may be done.
    pub verbs: VerbSet,
    /// To which categories of data.
    pub categories: CategorySet,
    /// For which purposes.
    pub purposes: PurposeSet,
}

impl AccessLimit {
    /// Nothing at all.
    pub const fn nothing() -> Self {
        Self { verbs: VerbSet::EMPTY, categories: CategorySet::EMPTY, purposes: PurposeSet::EMPTY }
    }

    /// Everything there is.
    pub const fn everything() -> Self {
        Self { verbs: VerbSet::ALL, categories: CategorySet::ALL, purposes: PurposeSet::ALL }
    }

    /// What both allow.
    #[must_use]
    pub const fn narrow(&self, other: &Self) -> Self {
        Self {
            verbs: self.verbs.intersection(other.verbs),
            categories: self.categories.intersection(other.categories),
            purposes: self.purposes.intersection(other.purposes),
        }
    }

    /// Whether the verb is in it.
    pub const fn allows(&self, verb: Verb) -> bool {
        self.verbs.contains(verb)
    }

    /// Whether it allows all that `other` allows: what a caller may hand on.
    pub const fn covers(&self, other: &Self) -> bool {
        self.verbs.covers(other.verbs) && self.categories.covers(other.categories) && self.purposes.covers(other.purposes)
    }
}

/// A role of the policy's matrix, such as `owner` or `support`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(pub(crate) u8);

impl Role {
    /// Its row in the matrix.
    pub fn record(self) -> &'static RoleRecord {
        &bundle().roles[usize::from(self.0)]
    }

    /// Its name in tokens and in the policy.
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// The most it allows.
    pub fn limit(self) -> AccessLimit {
        self.record().limit.clone()
    }
}

text_form!(Role, UnknownRole, "not a role of the policy");
