//! The platform as a stranger sees it, and the shape of the workspace.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

/// A scenario as two tests: all services in one process, and a process a service.
macro_rules! in_both_shapes {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread")]
            async fn in_one_process() {
                super::$scenario(&[]).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_process_a_service() {
                super::$scenario(&["--separate"]).await;
            }
        }
    )+};
}
pub(crate) use in_both_shapes;

mod arrows;
mod cases;
mod commands;
mod crashes;
mod faults;
mod life;
mod messages;
mod outside;
mod ports;
mod promises;
mod rights;
mod scan;
mod traces;
mod twins;
mod walk;
