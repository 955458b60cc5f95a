//! The platform as a stranger sees it, and the shape of the workspace.

mod arrows;
