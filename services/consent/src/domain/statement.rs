//! A statement: one person, one purpose, one stance, and how it came to us.

use kernel::{SubjectId, Timestamp};
use privacy::{Basis, Purpose, Stance};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What can be said about a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Consent is given (GDPR 4(11)).
    Given,
    /// Consent was asked for and refused; nobody is worse off for it (GDPR 7(4)).
    Refused,
    /// Consent that was given is taken back (GDPR 7(3)).
    Withdrawn,
    /// Processing on a legitimate interest is objected to (GDPR 21(1)).
    Objected,
}

impl Said {
    pub const ALL: [Self; 4] = [Self::Given, Self::Refused, Self::Withdrawn, Self::Objected];

    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Objected => "objected",
        }
    }

    pub fn stance(self) -> Stance {
        match self {
            Self::Given => Stance::Given,
            Self::Refused => Stance::Refused,
            Self::Withdrawn => Stance::Withdrawn,
            Self::Objected => Stance::Objected,
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.name() == name)
    }
}

/// How a statement came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Form,
    PreferenceCentre,
    Email,
    Telephone,
    Paper,
    Api,
    /// A signal of the person's browser or device (GDPR 21(5)).
    Signal,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::PreferenceCentre => "preference_centre",
            Self::Email => "email",
            Self::Telephone => "telephone",
            Self::Paper => "paper",
            Self::Api => "api",
            Self::Signal => "signal",
        }
    }
}

/// The words a person was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// BCP 47.
    pub language: String,
    /// The tenant's own name for this version of its text.
    pub version: String,
    /// SHA-256 of the text as it was shown.
    pub sha256: Option<[u8; 32]>,
}

/// A statement that may be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub subject: SubjectId,
    pub purpose: Purpose,
    pub said: Said,
    pub method: Method,
    pub wording: Wording,
    /// When the person said it.
    pub collected_at: Timestamp,
}

/// Why a statement cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Given, refused and withdrawn belong to purposes that rest on consent.
    #[error("the purpose does not rest on consent")]
    NotByConsent,
    /// Only what rests on a legitimate interest can be objected to.
    #[error("the purpose cannot be objected to")]
    NotObjectable,
    /// The purpose never reaches records of this role, whatever anybody says.
    #[error("the purpose does not reach records that a client imported")]
    OutOfReach,
    #[error("there is no consent that could be withdrawn")]
    NothingToWithdraw,
    /// A refusal does not take back what was given: that is a withdrawal, and is recorded as one.
    #[error("consent is given; it is withdrawn, not refused")]
    GivenBefore,
    #[error("it was said later than it is recorded")]
    InTheFuture,
}

/// Whether the statement may follow on the stance that is in force.
pub fn admissible(statement: &Statement, in_force: Stance, is_processor_record: bool, now: Timestamp) -> Result<(), Refusal> {
    let by_consent = statement.purpose.basis() == Basis::Consent;
    if is_processor_record && !statement.purpose.reaches_processor_records() {
        return Err(Refusal::OutOfReach);
    }
    if statement.collected_at > now {
        return Err(Refusal::InTheFuture);
    }
    match statement.said {
        Said::Objected if !statement.purpose.objectable() => Err(Refusal::NotObjectable),
        Said::Given | Said::Refused | Said::Withdrawn if !by_consent => Err(Refusal::NotByConsent),
        Said::Withdrawn if in_force != Stance::Given => Err(Refusal::NothingToWithdraw),
        Said::Refused if in_force == Stance::Given => Err(Refusal::GivenBefore),
        _ => Ok(()),
    }
}
