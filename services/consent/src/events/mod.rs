//! What consent hears, one file an event.

mod on_applied;
mod on_contact_changed;
mod on_rights_task;

pub use on_applied::OnApplied;
pub use on_contact_changed::OnContactChanged;
pub use on_rights_task::OnRightsTask;
