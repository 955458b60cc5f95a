//! `mxtr dump`: all that the platform holds but its secrets, and, where it is asked for, everything that the keys of today still open.

mod databases;
mod files;
mod keys;
mod opened;
mod topics;

use crate::state::{State, write_private};
use anyhow::Context as _;
use bus::KafkaConfig;
use clap::Args;
use serde_json::json;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Options {
    /// Where to; must not exist yet
    target: PathBuf,
    /// The platform's folder
    #[arg(long, default_value = ".mxtr")]
    folder: PathBuf,
    /// Open everything that the platform's keys open today, beside the dump
    #[arg(long)]
    opened: bool,
    /// Take the wrapped keys from an earlier dump: what would a copy of the key store from then open with the roots of today?
    #[arg(long, value_name = "DUMP", requires = "opened")]
    key_store: Option<PathBuf>,
    /// Address of a superuser, where the databases are not the platform's own: postgres://user:password@host:port/postgres
    #[arg(long)]
    superuser_url: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// Nothing runs on the folder, the target exists, or something cannot be read or written.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let state = State::read(&options.folder)?;
    let target = &options.target;
    make(target).with_context(|| format!("{} cannot be made; name a folder that does not exist yet", target.display()))?;
    let progress = |what: &str| {
        if !options.json {
            eprintln!("  {what}");
        }
    };
    progress("databases");
    let rows = databases::dump(&state, &options.folder, options.superuser_url.as_deref(), &target.join("databases")).await?;
    progress("topics");
    let (brokers, topic_prefix) = (state.kafka_brokers.clone(), state.kafka_topic_prefix.clone());
    let kafka = KafkaConfig { brokers, topic_prefix, group_prefix: String::new() };
    let records = topics::dump(kafka, target.join("topics")).await?;
    progress("files");
    let bytes = files::dump(&options.folder, target)?;
    let mut manifest = json!({
        "made_at": kernel::Clock::real_now(), "clock": state.clock, "rows": rows, "records": records, "bytes_of_files": bytes, "opened": null,
        "left_out": ["secrets: root keys, passwords, API keys and private keys of the folder"],
    });
    if options.opened {
        progress("opening what the keys open");
        let store = options.key_store.as_deref().unwrap_or(target).join("databases");
        let keys = keys::Keys::read(&store, &options.folder.join("secrets/roots")).await?;
        manifest["opened"] = json!(opened::dump(&keys, target)?);
        manifest["holders_with_a_key"] = json!(keys.len());
    }
    let text = serde_json::to_string_pretty(&manifest)?;
    write_private(&target.join("manifest.json"), &text)?;
    if options.json {
        println!("{text}");
    } else {
        println!("{rows} rows and {records} records are in {}; secrets were left out", target.display());
        if options.opened {
            println!("opened: {}. The folder holds personal data in clear: delete it when you are done", manifest["opened"]);
        }
    }
    Ok(())
}

/// A folder for its owner alone.
fn make(folder: &Path) -> std::io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::DirBuilder::new().mode(0o700).create(folder)
}
