#![doc = include_str!("../README.md")]

mod card;
mod clock;
mod email;
mod ids;
mod phone;
mod service;

pub use card::holds_card_number;
pub use clock::{Backwards, Clock, from_micros, micros};
pub use email::{Email, InvalidEmail};
pub use ids::{
    ActId, AttestationId, BucketId, CaseId, ConsentId, EventId, ImportId, InvalidId, PolicyDocId, PrincipalId, ReadId, ReceiptId,
    SubjectId, TenantId,
};
pub use jiff::Timestamp;
pub use phone::{NoDigits, Phone};
pub use service::{Service, UnknownService};
