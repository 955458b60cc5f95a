#![doc = include_str!("../README.md")]

#[macro_use]
mod words;

mod access;
pub mod category;
mod decide;
mod inventory;
mod personal;
mod policy;
mod purpose;
mod vocabulary;

pub use access::{AccessLimit, Role, UnknownRole};
pub use category::{Category, CategorySet, CategoryTag, UnknownCategory};
pub use decide::{Decision, PersonFacts, Question, UnknownReason, Withheld, decide};
#[doc(hidden)]
pub use inventory::check;
pub use inventory::{FieldRecord, PersonalData, StoreRecord};
pub use personal::{Opened, Personal};
pub use policy::{
    Assessment, Bundle, CategoryRecord, ClientService, Hold, HoldRecord, PurposeRecord, Retention, RoleRecord, Section, SourceRecord,
    UnknownHold, bundle,
};
pub use privacy_derive::PersonalData;
pub use purpose::{Purpose, PurposeSet, UnknownPurpose};
pub use vocabulary::{
    Basis, RecordRole, Source, Stance, UnknownBasis, UnknownRecordRole, UnknownSource, UnknownStance, UnknownVerb, Verb, VerbSet,
};
