//! `with-servers COMMAND…`: starts one PostgreSQL and one broker, runs the command with them, and ends them.

use std::process::{Command, ExitCode};

fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with-servers COMMAND [ARGUMENT…]");
        return Ok(ExitCode::from(2));
    };
    let running = testkit::Running::start()?;
    let status = Command::new(program).args(words).env(testkit::VARIABLE, serde_json::to_string(&running.servers)?).status()?;
    drop(running);
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
