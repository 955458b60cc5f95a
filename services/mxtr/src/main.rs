//! `mxtr`: the one binary.

use clap::FromArgMatches as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = mxtr::cli::Cli::from_arg_matches(&mxtr::cli::commands().get_matches()).unwrap_or_else(|wrong| wrong.exit());
    // Migrations run diesel's blocking harness, which needs a runtime with several threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(mxtr::cli::run(cli));
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
            code
        }
        Err(cause) => {
            eprintln!("mxtr: {cause}");
            ExitCode::FAILURE
        }
    }
}
