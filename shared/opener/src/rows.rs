//! Rows on both sides of the opener.

use kernel::{PrincipalId, SubjectId, TenantId};
use privacy::{AccessLimit, Category, CategorySet, Decision, Purpose, RecordRole, Verb};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Who wants to see what, and why.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub limit: &'a AccessLimit,
    pub purpose: Purpose,
    pub verb: Verb,
    /// The operation id of the route, or the name of the job.
    pub operation: &'static str,
}

/// A person's row as it stands in the database.
#[derive(Clone, Debug)]
pub struct SealedRow {
    pub subject: SubjectId,
    /// Such as `contacts.contacts`.
    pub store: &'static str,
    /// The row's own id; the subject's where there is one row a person.
    pub row: Uuid,
    pub role: RecordRole,
    pub quarantined: bool,
    pub suppressed: bool,
    /// One sealed value a category.
    pub blobs: Vec<(Category, Vec<u8>)>,
    /// Categories with columns in clear (closed vocabularies) that the view would show.
    pub clear: CategorySet,
}

/// A row with what may be seen of it.
pub struct OpenedRow {
    pub subject: SubjectId,
    pub row: Uuid,
    pub decision: Decision,
    /// Only what the decision allows.
    pub blobs: Vec<(Category, Zeroizing<Vec<u8>>)>,
}

impl OpenedRow {
    /// The opened value of a category, when it may be seen and there is one.
    pub fn blob(&self, category: Category) -> Option<&[u8]> {
        self.blobs.iter().find(|(of, _)| *of == category).map(|(_, plain)| plain.as_slice())
    }
}

impl std::fmt::Debug for OpenedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedRow({})", self.subject)
    }
}
