//! `state.json`: how tools and tests find a running platform.

use crate::cli::{Exit, NOT_RUNNING};
use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where everything of a running platform is. Holds database passwords: the file is for its owner alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    pub base_url: String,
    /// The health port of the first process.
    pub health_url: String,
    pub kafka_brokers: String,
    #[serde(default)]
    pub kafka_topic_prefix: String,
    pub databases: BTreeMap<String, String>,
    pub admin_key_file: PathBuf,
    pub pid: i32,
    pub services: BTreeMap<String, Place>,
    /// `system` or `test`.
    pub clock: String,
    /// `one-process` or `separate`.
    pub shape: String,
}

/// Where a service is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    pub http: String,
    pub health: String,
}

/// Writes a file that only its owner can read; whoever reads it sees the old or the new one, never half of it.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    // What a crash left is not written into: it keeps the mode it has. Anew, the file is private before anything stands in it.
    if let Err(cause) = fs::remove_file(&new)
        && cause.kind() != ErrorKind::NotFound
    {
        return Err(cause).with_context(|| format!("{} cannot be removed", new.display()));
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .with_context(|| format!("{} cannot be written", new.display()))?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&new, path)?;
    Ok(())
}

impl State {
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("state.json")
    }

    /// The state of the platform that runs on this folder.
    ///
    /// # Errors
    /// Nothing runs there.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let nothing = || Exit(NOT_RUNNING, format!("nothing runs on {}; `mxtr up` starts it", folder.display()));
        // Not the process id: after a crash it may be a stranger's. The lock is held by whoever runs.
        if !is_held(folder) {
            return Err(nothing().into());
        }
        let text = fs::read_to_string(Self::path(folder)).map_err(|_| nothing())?;
        let state: Self = serde_json::from_str(&text).context("state.json cannot be read")?;
        // A new one that has not said where it is yet; what stands there is the old one's.
        let holder = fs::read_to_string(folder.join("pid")).unwrap_or_default();
        if holder.trim() == state.pid.to_string() { Ok(state) } else { Err(nothing().into()) }
    }

    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        write_private(&Self::path(folder), &serde_json::to_string_pretty(self)?)
    }

    /// Asks it to stop, and waits.
    pub async fn stop(&self, folder: &Path, as_json: bool) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.pid), Signal::SIGTERM).context("it cannot be told to stop")?;
        let began = Instant::now();
        while is_held(folder) {
            if began.elapsed() > STOPPED_WITHIN {
                anyhow::bail!("process {} did not stop within {STOPPED_WITHIN:?}", self.pid);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        if as_json {
            println!("{}", json!({"stopped": true, "pid": self.pid, "folder": folder}));
        } else {
            println!("stopped; the data stay in {}", folder.display());
        }
        Ok(())
    }

    /// What may be shown: passwords stay in the file.
    pub fn public(&self) -> anyhow::Result<Value> {
        let mut shown = serde_json::to_value(self)?;
        shown["databases"] = json!(self.databases.keys().collect::<Vec<_>>());
        Ok(shown)
    }

    /// Says what runs, and whether it is ready.
    pub async fn show(&self, as_json: bool) -> anyhow::Result<()> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(3)).no_proxy().build()?;
        let mut ready = BTreeMap::new();
        for (name, place) in &self.services {
            let answer = match http.get(format!("{}/readyz", place.health)).send().await {
                Ok(answer) => answer.json::<Value>().await.unwrap_or(Value::Null),
                Err(_) => Value::Null,
            };
            ready.insert(name.clone(), answer["ready"] == true);
        }
        if as_json {
            let mut shown = self.public()?;
            shown["ready"] = json!(ready);
            println!("{}", serde_json::to_string_pretty(&shown)?);
        } else {
            println!("mxtr runs at {} (process {}, {}, {} clock)", self.base_url, self.pid, self.shape, self.clock);
            for (name, ready) in &ready {
                println!("  {name:<9} {}", if *ready { "ready" } else { "not ready" });
            }
        }
        if ready.values().all(|ready| *ready) { Ok(()) } else { Err(Exit(1, "not everything is ready".to_owned()).into()) }
    }
}

/// Whether somebody runs on the folder: the lock goes with the process, however that ends.
fn is_held(folder: &Path) -> bool {
    let lock = File::open(folder.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
