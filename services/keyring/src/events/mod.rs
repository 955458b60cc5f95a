//! What keyring hears, one file an event, and what it says.

mod on_rights_task;
pub(crate) mod say;

pub use on_rights_task::OnRightsTask;
