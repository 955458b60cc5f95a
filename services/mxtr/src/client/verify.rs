//! `mxtr verify`: evidence is checked offline, with the public keys alone.

use crate::cli::{Exit, NOT_VERIFIED};
use anyhow::Context as _;
use audit::domain::checkpoint::Checkpoint;
use audit::domain::merkle::{Hash, leaf_hash, verify_inclusion};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use seal::evidence::{Kind, PublicKeys};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum What {
    /// A receipt of what a person said, as GET /v1/receipts/{id} answers it
    Receipt(Evidence),
    /// An entry of the audit log with its proof, as GET /v1/reads/{leaf}/proof answers it
    Log {
        #[command(flatten)]
        evidence: Evidence,
        /// The log's name
        #[arg(long, default_value = "mxtr/audit")]
        origin: String,
    },
}

#[derive(Args)]
pub struct Evidence {
    /// The evidence
    file: PathBuf,
    /// The public keys, as /.well-known/evidence-keys.json has them
    #[arg(long)]
    keys: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// A file cannot be read (exit code 1), or the evidence does not hold (exit code 4).
pub fn run(what: &What) -> anyhow::Result<()> {
    match what {
        What::Receipt(evidence) => receipt(evidence),
        What::Log { evidence, origin } => log(evidence, origin),
    }
}

fn refused(why: impl std::fmt::Display) -> anyhow::Error {
    Exit(NOT_VERIFIED, format!("it does not hold: {why}")).into()
}

fn read(path: &PathBuf) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn receipt(evidence: &Evidence) -> anyhow::Result<()> {
    let keys = PublicKeys::from_json(&read(&evidence.keys)?)?;
    let text = read(&evidence.file)?;
    let jws = serde_json::from_str::<Value>(&text).ok().and_then(|file| file["jws"].as_str().map(ToOwned::to_owned));
    let document = keys.verify(Kind::Receipt, jws.as_deref().unwrap_or(text.trim())).map_err(refused)?;
    if evidence.json {
        println!("{}", serde_json::to_string_pretty(&json!({"verified": true, "receipt": document}))?);
    } else {
        let field = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        println!(
            "verified: {} was {} on {}, effective by {}",
            field("purpose"),
            field("event"),
            field("recorded_at"),
            field("effective_by")
        );
    }
    Ok(())
}

fn log(evidence: &Evidence, origin: &str) -> anyhow::Result<()> {
    let (keys, proof): (Value, Value) = (serde_json::from_str(&read(&evidence.keys)?)?, serde_json::from_str(&read(&evidence.file)?)?);
    let note = proof["checkpoint"].as_str().ok_or_else(|| refused("there is no checkpoint in the file"))?;
    let public = keys["keys"].as_array().into_iter().flatten().filter(|key| key["kind"] == "checkpoint");
    let public: Vec<[u8; 32]> = public.filter_map(|key| URL_SAFE_NO_PAD.decode(key["x"].as_str()?).ok()?.try_into().ok()).collect();
    let verify = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| seal::evidence::verify_bytes(key, message, signature);
    let checkpoint = public.iter().find_map(|key| Checkpoint::from_note(note, origin, key, verify).ok());
    let checkpoint = checkpoint.ok_or_else(|| refused("no published key has signed the checkpoint"))?;
    let entry =
        proof["entry"].as_str().and_then(|entry| STANDARD.decode(entry).ok()).ok_or_else(|| refused("there is no entry in the file"))?;
    let leaf = proof["leaf"].as_u64().ok_or_else(|| refused("the file does not say where the entry stands"))?;
    let path: Option<Vec<Hash>> =
        proof["inclusion"].as_array().into_iter().flatten().map(|hash| STANDARD.decode(hash.as_str()?).ok()?.try_into().ok()).collect();
    let path = path.ok_or_else(|| refused("the proof cannot be read"))?;
    if !verify_inclusion(leaf, checkpoint.size, &leaf_hash(&entry), &path, &checkpoint.root) {
        return Err(refused("the proof does not lead to the checkpoint's root"));
    }
    if evidence.json {
        println!("{}", json!({"verified": true, "leaf": leaf, "size": checkpoint.size}));
    } else {
        println!("verified: entry {leaf} stands in the log of {} entries that {origin} has signed", checkpoint.size);
    }
    Ok(())
}
