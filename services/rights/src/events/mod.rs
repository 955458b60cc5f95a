//! What rights hears, one file an event.

mod on_outcome;
mod on_rights_task;

pub use on_outcome::OnOutcome;
pub use on_rights_task::OnRightsTask;
