//! The inventory: what every field of every store holds, said by the type that is stored.

use kernel::Service;
use serde::Serialize;

use crate::{Category, RecordRole, Source};

/// A row of a store that says of each field what it holds. Written by `#[derive(PersonalData)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what its fields hold",
    label = "not in the inventory",
    note = "add `#[derive(PersonalData)]`, `#[personal(store = \"service.table\")]`, and `#[data(…)]` on every field"
)]
pub trait PersonalData {
    /// `service.table`, as in additional data of sealed values.
    const STORE: &'static str;
    /// One record a field, in the fields' order.
    const FIELDS: &'static [FieldRecord];
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FieldRecord {
    /// Its name.
    pub field: &'static str,
    /// Its category; `None` when it is not about a person.
    pub category: Option<Category>,
    /// Where its value may come from; some of those the policy allows for the category.
    pub sources: &'static [Source],
    /// Of what is derived: the stores that it is made from, as `service.table`.
    pub inputs: &'static [&'static str],
    /// In which roles it may be held; some of those the policy allows for the category.
    pub roles: &'static [RecordRole],
    /// The name of its retention rule in the policy; empty when it is not about a person.
    pub retention: &'static str,
    /// Why it is not about a person.
    pub why_not_personal: Option<&'static str>,
    /// Whether it is stored encrypted under the person's key.
    pub sealed: bool,
}

/// A store of a service, with its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StoreRecord {
    /// Whose it is.
    pub service: Service,
    /// `service.table`.
    pub store: &'static str,
    /// Its fields.
    pub fields: &'static [FieldRecord],
}

impl StoreRecord {
    /// The record of the store whose rows are `T`.
    pub const fn of<T: PersonalData>(service: Service) -> Self {
        Self { service, store: T::STORE, fields: T::FIELDS }
    }
}

/// What the derive asks at compile time. Not for people.
pub mod check {
    use crate::{Category, RecordRole, Source, policy};

    /// Whether the policy has a retention rule of this name.
    pub const fn retention(name: &str) -> bool {
        let mut next = 0;
        while next < policy::RETENTIONS.len() {
            if same(policy::RETENTIONS[next].as_bytes(), name.as_bytes()) {
                return true;
            }
            next += 1;
        }
        false
    }

    /// Whether the policy lets a category come from a source.
    pub const fn source(category: Category, source: Source) -> bool {
        let (sources, _) = policy::ALLOWED[place(category)];
        let mut next = 0;
        while next < sources.len() {
            if same(sources[next].name().as_bytes(), source.name().as_bytes()) {
                return true;
            }
            next += 1;
        }
        false
    }

    /// Whether the policy lets a category be held in a role.
    pub const fn role(category: Category, role: RecordRole) -> bool {
        let (_, roles) = policy::ALLOWED[place(category)];
        let mut next = 0;
        while next < roles.len() {
            if same(roles[next].name().as_bytes(), role.name().as_bytes()) {
                return true;
            }
            next += 1;
        }
        false
    }

    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr(u8) is its place; From is not const")]
    const fn place(category: Category) -> usize {
        category as usize
    }

    const fn same(one: &[u8], other: &[u8]) -> bool {
        if one.len() != other.len() {
            return false;
        }
        let mut next = 0;
        while next < one.len() {
            if one[next] != other[next] {
                return false;
            }
            next += 1;
        }
        true
    }
}
