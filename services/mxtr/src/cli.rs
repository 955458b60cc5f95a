//! The commands, their help and their exit codes.

use crate::state::State;
use crate::{client, dead_letters, doctor, dump, registry, serve, up};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use kernel::Service;
use std::path::PathBuf;
use std::process::ExitCode;

/// Something failed; the last line says what.
const FAILED: u8 = 1;
/// Nothing runs on this folder, or somebody else does.
pub const NOT_RUNNING: u8 = 3;
/// What was to be verified does not hold.
pub const NOT_VERIFIED: u8 = 4;

const EXIT_CODES: &str =
    "Exit codes: 0 done · 1 failed · 2 wrong usage · 3 not running, or run by somebody else · 4 what was to be verified does not hold";

/// Keeps a marketing platform's clients and their contacts so that its privacy policy is true by construction.
#[derive(Parser)]
#[command(name = "mxtr", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the whole platform on this machine until it is stopped
    #[command(
        after_help = "Examples:\n  mxtr up                      everything, at http://127.0.0.1:8080\n  mxtr up --separate           a process a service behind the same address\n  mxtr up --clock test         with a clock that PUT /dev/clock sets"
    )]
    Up(up::Options),
    /// Stops the platform of a folder
    #[command(after_help = "Example:\n  mxtr down")]
    Down(Folder),
    /// Says what runs on a folder, and whether it is ready
    #[command(after_help = "Examples:\n  mxtr status\n  mxtr status --json | jq .base_url")]
    Status(Folder),
    /// Says what this machine lacks, and how to install it
    #[command(after_help = "Example:\n  mxtr doctor")]
    Doctor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Runs services in this process, with settings from MXTR_* variables
    #[command(
        after_help = "Examples:\n  mxtr serve contacts\n  mxtr serve all\n\nEvery setting of a service is MXTR_<SERVICE>_<NAME>, or MXTR_<NAME> for all of them; with _FILE behind it, the file of that name holds the value."
    )]
    Serve {
        /// identity, keyring, contacts, consent, rights, audit, or all
        #[arg(required = true)]
        services: Vec<String>,
        /// Where a test clock begins (RFC 3339); without it time is the system's
        #[arg(long)]
        clock_start: Option<kernel::Timestamp>,
    },
    /// Brings databases up to date, as their owner, and makes the topics
    #[command(
        after_help = "Example:\n  MXTR_CONTACTS_OWNER_DATABASE_URL_FILE=/run/secrets/contacts mxtr migrate contacts\n\nEach service's owner is named by MXTR_<SERVICE>_OWNER_DATABASE_URL, or by a file that this variable with _FILE behind it names."
    )]
    Migrate {
        /// Services, or all
        #[arg(required = true)]
        services: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints a service's OpenAPI document
    #[command(after_help = "Example:\n  mxtr openapi contacts > contacts.json")]
    Openapi {
        /// identity, keyring, contacts, consent, rights or audit
        service: Service,
    },
    /// Brings a CSV file of contacts into a running platform
    #[command(
        after_help = "Examples:\n  mxtr import contacts.csv --key-file tenant.key --basis contract\n  mxtr import bought.csv --key-file tenant.key --basis consent --source provider --attestation 0193…"
    )]
    Import(client::import::Options),
    /// Writes all that a running platform holds, but its secrets, into a folder; with --opened also what its keys open
    #[command(
        after_help = "Examples:\n  mxtr dump before --opened\n  mxtr dump after --opened\n  mxtr dump later --opened --key-store before      what a copy of the key store from then opens today"
    )]
    Dump(dump::Options),
    /// Checks evidence offline, with the public keys alone, and looks for values in a dump
    #[command(
        subcommand,
        after_help = "Examples:\n  curl -s $BASE/.well-known/evidence-keys.json > keys.json\n  mxtr verify receipt receipt.json --keys keys.json\n  mxtr verify certificate certificate.json --keys keys.json\n  mxtr verify log entry.json --keys keys.json\n  echo anna@example.org | mxtr verify scan after --values -"
    )]
    Verify(client::verify::What),
    /// Looks at dead letters, and says them again
    #[command(
        subcommand,
        after_help = "Examples:\n  mxtr dlq list contacts\n  mxtr dlq show contacts 0 17\n  mxtr dlq redrive contacts 0 17"
    )]
    Dlq(dead_letters::What),
}

/// The commands with their help: each ends with the exit codes.
pub fn commands() -> clap::Command {
    with_exit_codes(Cli::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let help = command.get_after_help().map(|examples| format!("{examples}\n\n")).unwrap_or_default();
    command.after_help(format!("{help}{EXIT_CODES}")).mut_subcommands(with_exit_codes)
}

/// The folder of a platform.
#[derive(Args, Clone)]
pub struct Folder {
    /// The platform's folder
    #[arg(long, default_value = ".mxtr")]
    pub folder: PathBuf,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// An error with an exit code of its own.
#[derive(Debug)]
pub struct Exit(pub u8, pub String);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl std::error::Error for Exit {}

/// Runs a command; what went wrong is said in one line.
pub async fn run(cli: Cli) -> ExitCode {
    match command(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mxtr: {error:#}");
            ExitCode::from(error.downcast_ref::<Exit>().map_or(FAILED, |exit| exit.0))
        }
    }
}

async fn command(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(options) => up::run(options).await,
        Command::Down(folder) => State::read(&folder.folder)?.stop(&folder.folder, folder.json).await,
        Command::Status(folder) => State::read(&folder.folder)?.show(folder.json).await,
        Command::Doctor { json } => doctor::run(json),
        Command::Serve { services, clock_start } => serve::run(&registry::named(&services)?, clock_start).await,
        Command::Migrate { services, json } => serve::migrate(&registry::named(&services)?, json).await,
        Command::Openapi { service } => {
            println!("{}", registry::openapi(service).to_pretty_json()?);
            Ok(())
        }
        Command::Import(options) => client::import::run(options).await,
        Command::Dump(options) => dump::run(options).await,
        Command::Verify(what) => client::verify::run(&what),
        Command::Dlq(what) => dead_letters::run(what).await,
    }
}
