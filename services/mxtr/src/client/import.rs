//! `mxtr import FILE`: stages a file, commits it, and shows how far it is.

use crate::state::State;
use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long something of the platform may be away, as when it is started again.
const AVAILABLE_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[derive(Args)]
pub struct Options {
    /// A CSV file, UTF-8, with a header
    file: PathBuf,
    /// The file that holds the tenant's API key, which may import: the owner's is answered when the tenant is made
    #[arg(long)]
    key_file: PathBuf,
    /// On which ground of GDPR 6(1) these data are held: `consent`, `contract`, `legal_obligation`, `vital_interests`, `public_task` or `legitimate_interest`
    #[arg(long)]
    basis: String,
    /// client, or provider
    #[arg(long, default_value = "client")]
    source: String,
    /// The provider's assurance
    #[arg(long)]
    attestation: Option<String>,
    /// Where telephone numbers without a + are dialled (ISO 3166-1 alpha-2)
    #[arg(long)]
    country: Option<String>,
    /// The platform's address; without it, that of --folder
    #[arg(long)]
    base_url: Option<String>,
    #[arg(long, default_value = ".mxtr")]
    folder: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// # Errors
/// The file cannot be read, or the platform refuses it; the text says what to do.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let base = match &options.base_url {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => State::read(&options.folder)?.base_url,
    };
    let key = std::fs::read_to_string(&options.key_file).context("the key's file cannot be read")?;
    let (http, key) = (Client::builder().no_proxy().build()?, key.trim().to_owned());
    let staged = answer(stage(&http, &base, &key, &options)?).await?;
    let id = staged["id"].as_str().context("the platform names the import")?;
    if staged["state"] == "needs-mapping" {
        bail!(
            "the columns of this file are not known: say what they are with PUT /v1/imports/{id}/mapping, then POST /v1/imports/{id}/commit"
        );
    }
    let address = format!("{base}/v1/imports/{id}");
    answer(http.post(format!("{address}/commit")).bearer_auth(&key)).await?;
    let done = follow(&http, &address, &key, options.json).await?;
    show(&done, options.json)?;
    outcome(&done)
}

/// An import that failed for good has not done what it was to do, however it is shown.
fn outcome(run: &Value) -> anyhow::Result<()> {
    anyhow::ensure!(run["state"] == "done", "the import failed: {}", run["failure"].as_str().unwrap_or("nobody says why"));
    Ok(())
}

fn stage(http: &Client, base: &str, key: &str, options: &Options) -> anyhow::Result<RequestBuilder> {
    let file = std::fs::read(&options.file).with_context(|| format!("{} cannot be read", options.file.display()))?;
    let mut query = vec![("source", options.source.as_str()), ("basis", options.basis.as_str())];
    query.extend(options.attestation.as_deref().map(|id| ("attestation_id", id)));
    query.extend(options.country.as_deref().map(|code| ("country", code)));
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(http.post(format!("{base}/v1/imports?{}", query.join("&"))).bearer_auth(key).header("content-type", "text/csv").body(file))
}

/// The body of an answer, or the problem in words. A 503 says that nothing was stored and that the request may be repeated.
async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let began = Instant::now();
    let answer = loop {
        let sent = request.try_clone().context("what is sent is at hand")?.send().await.context("the platform cannot be reached")?;
        if sent.status() != StatusCode::SERVICE_UNAVAILABLE || began.elapsed() > AVAILABLE_WITHIN {
            break sent;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body);
    }
    let detail = body["detail"].as_str().or(body["errors"][0]["detail"].as_str()).or(body["reason"].as_str()).unwrap_or_default();
    bail!("{} ({status}): {detail}", body["title"].as_str().unwrap_or("refused"))
}

async fn follow(http: &Client, address: &str, key: &str, quiet: bool) -> anyhow::Result<Value> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} rows")?);
    loop {
        let run = answer(http.get(address).bearer_auth(key)).await?;
        bar.set_length(run["progress"]["total"].as_u64().unwrap_or(0));
        bar.set_position(run["progress"]["done"].as_u64().unwrap_or(0));
        if matches!(run["state"].as_str(), Some("done" | "failed")) {
            bar.finish();
            return Ok(run);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn show(run: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(run)?);
        return Ok(());
    }
    let counts = &run["counts"];
    println!("import {}", run["id"].as_str().unwrap_or_default());
    println!("created {}, merged {}, suppressed {}", counts["created"], counts["merged"], counts["suppressed"]);
    for (reason, rows) in counts["rejected"].as_object().into_iter().flatten() {
        println!("rejected {rows}: {reason}");
    }
    for (warning, rows) in counts["warnings"].as_object().into_iter().flatten() {
        println!("left blank in {rows}: {warning}");
    }
    if counts["rejected"].as_object().is_some_and(|rejected| !rejected.is_empty()) {
        println!("the rejected rows: GET /v1/imports/{}/rejects.csv", run["id"].as_str().unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_import_that_failed_for_good_is_a_failure_of_the_command() {
        assert!(outcome(&json!({"state": "done", "failure": null})).is_ok());
        let failed = outcome(&json!({"state": "failed", "failure": "key-gone"})).unwrap_err();
        assert_eq!(failed.to_string(), "the import failed: key-gone");
    }
}
