//! How cases are shown. No view names a person but by their id.

use crate::domain::progress::State;
use crate::store::CaseRow;
use jiff::civil::Date;
use kernel::{CaseId, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A copy of everything that is held (GDPR 15).
    Access,
    /// Erasure (GDPR 17).
    Erasure,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Erasure => "erasure",
        }
    }
}

/// A case.
#[derive(Serialize, ToSchema)]
pub struct CaseView {
    pub id: CaseId,
    #[schema(example = "erasure")]
    pub kind: String,
    pub state: State,
    /// `tenant`, or `contact-us`: somebody wrote without an account.
    #[schema(example = "tenant")]
    pub channel: String,
    /// Whose data it is about; none until they are found, and none any more when they have been erased.
    pub subject_id: Option<SubjectId>,
    /// How many people match what was given. More than one waits for a confirmation that names one.
    pub matches: i32,
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// What to work towards (GDPR 12(3)).
    #[schema(value_type = String, format = Date)]
    pub due_internal: Date,
    /// The last day, moved off a weekend.
    #[schema(value_type = String, format = Date)]
    pub due_legal: Date,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    pub refusal: Option<String>,
    pub version: i64,
}

impl From<&CaseRow> for CaseView {
    fn from(case: &CaseRow) -> Self {
        Self {
            id: case.id.into(),
            kind: case.kind.clone(),
            state: case.state(),
            channel: case.channel.clone(),
            subject_id: case.subject_id.map(SubjectId::from),
            matches: case.matches,
            received_at: case.received_at.to_jiff(),
            due_internal: case.due_internal.to_jiff(),
            due_legal: case.due_legal.to_jiff(),
            closed_at: case.closed_at.map(jiff_diesel::Timestamp::to_jiff),
            refusal: case.refusal.clone(),
            version: case.version,
        }
    }
}

/// A page of cases.
#[derive(Serialize, ToSchema)]
pub struct Cases {
    pub data: Vec<CaseView>,
    pub next_cursor: Option<String>,
}
