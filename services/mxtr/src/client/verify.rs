//! `mxtr verify`: evidence is checked offline, with the public keys alone.

use crate::cli::{Exit, NOT_VERIFIED};
use anyhow::Context as _;
use audit::domain::checkpoint::Checkpoint;
use audit::domain::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use seal::evidence::{Kind, PublicKeys};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum What {
    #[command(after_help = "Example:\n  mxtr verify receipt receipt.json --keys keys.json")]
    /// A receipt of what a person said, as GET /v1/receipts/{id} answers it
    Receipt(Evidence),
    #[command(after_help = "Example:\n  mxtr verify certificate certificate.json --keys keys.json")]
    /// A certificate of an erasure, as GET /v1/cases/{id}/certificate answers it, with every service's own receipt in it
    Certificate(Evidence),
    #[command(
        after_help = "Examples:\n  mxtr verify log entry.json --keys keys.json\n  mxtr verify log today.json --keys keys.json --since entry.json --consistency grown.json"
    )]
    /// An entry of the audit log with its proof, as GET /v1/reads/{leaf}/proof answers it
    Log {
        #[command(flatten)]
        evidence: Evidence,
        /// The log's name
        #[arg(long, default_value = "mxtr/audit")]
        origin: String,
        /// An earlier answer: whether the log has only grown since its checkpoint
        #[arg(long, requires = "consistency")]
        since: Option<PathBuf>,
        /// The proof of that, as GET /v1/audit/proofs/consistency answers it for both checkpoints' sizes
        #[arg(long, requires = "since")]
        consistency: Option<PathBuf>,
    },
    #[command(after_help = "Example:\n  echo anna@example.org | mxtr verify scan after --values -")]
    /// Looks for values in a dump, in plain, hex, base64, URL, JSON, UTF-16 and hashed; exit code 4 when something is found
    Scan(super::scan::Options),
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
        What::Scan(options) => super::scan::run(options),
        What::Certificate(evidence) => certificate(evidence),
        What::Log { evidence, origin, since, consistency } => log(evidence, origin, since.as_ref().zip(consistency.as_ref())),
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
    let document = keys.verify(Kind::Receipt, &jws(&evidence.file)?).map_err(refused)?;
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

/// The JWS of a file, which is an answer of the API or the JWS alone.
fn jws(file: &PathBuf) -> anyhow::Result<String> {
    let text = read(file)?;
    let inside = serde_json::from_str::<Value>(&text).ok().and_then(|file| file["jws"].as_str().map(ToOwned::to_owned));
    Ok(inside.unwrap_or_else(|| text.trim().to_owned()))
}

/// The certificate's signature, and each participant's own word in it: about this case, this phase, with these counts.
fn certificate(evidence: &Evidence) -> anyhow::Result<()> {
    let keys = PublicKeys::from_json(&read(&evidence.keys)?)?;
    let document = keys.verify(Kind::Certificate, &jws(&evidence.file)?).map_err(refused)?;
    let answers = document["answers"].as_array().filter(|answers| !answers.is_empty()).ok_or_else(|| refused("nobody answers in it"))?;
    for answer in answers {
        let service = answer["service"].as_str().unwrap_or_default();
        let receipt = answer["receipt"].as_str().ok_or_else(|| refused(format!("{service} has signed nothing")))?;
        let word = keys.verify(Kind::Participant, receipt).map_err(refused)?;
        let same = ["service", "phase", "result", "counts"].iter().all(|name| word[*name] == answer[*name]);
        if !same || word["case_id"] != document["case_id"] || word["tenant_id"] != document["tenant_id"] {
            return Err(refused(format!("{service} has signed something else")));
        }
    }
    if evidence.json {
        println!("{}", serde_json::to_string_pretty(&json!({"verified": true, "certificate": document}))?);
        return Ok(());
    }
    let field = |name: &str| document[name].as_str().unwrap_or("unknown").to_owned();
    println!("verified: case {}, completed {}, with the signed word of every service:", field("case_id"), field("completed_at"));
    for answer in answers {
        let counts = answer["counts"].as_array().into_iter().flatten();
        let counts: Vec<String> =
            counts.map(|count| format!("{} {} {}", count["rows"], text(&count["store"]), text(&count["what"]))).collect();
        let (phase, result) = (word(&answer["phase"], "RIGHTS_PHASE_"), word(&answer["result"], "RIGHTS_RESULT_"));
        println!("  {:<9} {phase:<8} {result:<8} {}", text(&answer["service"]), counts.join(", "));
    }
    println!("no copy of the key store opens what is left after {}", field("unrecoverable_by"));
    for said in document["does_not_prove"].as_array().into_iter().flatten() {
        println!("it does not prove {}", text(said));
    }
    Ok(())
}

/// A protocol's word, as people read it.
fn word(value: &Value, prefix: &str) -> String {
    text(value).trim_start_matches(prefix).to_lowercase()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn log(evidence: &Evidence, origin: &str, grown: Option<(&PathBuf, &PathBuf)>) -> anyhow::Result<()> {
    let (keys, proof) = (document(&evidence.keys)?, document(&evidence.file)?);
    let checkpoint = signed(&proof, origin, &keys)?;
    let entry =
        proof["entry"].as_str().and_then(|entry| STANDARD.decode(entry).ok()).ok_or_else(|| refused("there is no entry in the file"))?;
    let leaf = proof["leaf"].as_u64().ok_or_else(|| refused("the file does not say where the entry stands"))?;
    if !verify_inclusion(leaf, checkpoint.size, &leaf_hash(&entry), &hashes(&proof["inclusion"])?, &checkpoint.root) {
        return Err(refused("the proof does not lead to the checkpoint's root"));
    }
    let mut since = None;
    if let Some((earlier, consistency)) = grown {
        let old = signed(&document(earlier)?, origin, &keys)?;
        let proof = hashes(&document(consistency)?["proof"])?;
        if !verify_consistency(old.size, checkpoint.size, &old.root, &checkpoint.root, &proof) {
            return Err(refused("the log does not continue what it was"));
        }
        since = Some(old.size);
    }
    if evidence.json {
        println!("{}", json!({"verified": true, "leaf": leaf, "size": checkpoint.size, "since_size": since}));
        return Ok(());
    }
    println!("verified: entry {leaf} stands in the log of {} entries that {origin} has signed", checkpoint.size);
    if let Some(since) = since {
        println!("verified: it has only grown since it had {since} entries");
    }
    Ok(())
}

fn document(file: &PathBuf) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&read(file)?)?)
}

/// The checkpoint of an answer, when a published key has signed it.
fn signed(proof: &Value, origin: &str, keys: &Value) -> anyhow::Result<Checkpoint> {
    let note = proof["checkpoint"].as_str().ok_or_else(|| refused("there is no checkpoint in the file"))?;
    let public = keys["keys"].as_array().into_iter().flatten().filter(|key| key["kind"] == "checkpoint");
    let public: Vec<[u8; 32]> = public.filter_map(|key| URL_SAFE_NO_PAD.decode(key["x"].as_str()?).ok()?.try_into().ok()).collect();
    let verify = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| seal::evidence::verify_bytes(key, message, signature);
    let checkpoint = public.iter().find_map(|key| Checkpoint::from_note(note, origin, key, verify).ok());
    checkpoint.ok_or_else(|| refused("no published key has signed the checkpoint"))
}

fn hashes(list: &Value) -> anyhow::Result<Vec<Hash>> {
    let read: Option<Vec<Hash>> =
        list.as_array().and_then(|list| list.iter().map(|hash| STANDARD.decode(hash.as_str()?).ok()?.try_into().ok()).collect());
    read.ok_or_else(|| refused("the proof cannot be read"))
}
