//! What contacts hears, one file an event.

pub mod applied;
mod on_rights_task;

pub use on_rights_task::OnRightsTask;
