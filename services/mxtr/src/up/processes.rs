//! The processes that serve: started, watched, started again, and ended with us.

use super::environment::Addresses;
use super::servers::Servers;
use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

const READY_WITHIN: Duration = Duration::from_secs(90);
const STOPPED_WITHIN: Duration = Duration::from_secs(40);
/// Seconds from SIGTERM until the guard kills a service: longer than an ordered stop takes, shorter than we wait.
const GRACE: &str = "30";
const LOOK_AGAIN: Duration = Duration::from_millis(25);
const WATCH: Duration = Duration::from_millis(250);
/// The third end within this time is one too many.
const A_MINUTE: Duration = Duration::from_secs(60);

/// What is to be run.
#[derive(Clone)]
pub struct Order {
    pub name: String,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// Where it is to listen.
    pub ports: Vec<u16>,
}

/// What does not start because somebody else has taken a port of its own meanwhile.
#[derive(Debug)]
pub struct PortTaken(String);

impl std::fmt::Display for PortTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PortTaken {}

struct Process {
    order: Order,
    child: Child,
    log: PathBuf,
    falls: Falls,
}

/// When something ended that should not have.
#[derive(Default)]
pub struct Falls(Vec<Instant>);

impl Falls {
    /// Notes that it ended now, and says whether that was the third time in a minute.
    pub fn one_too_many(&mut self) -> bool {
        self.0.retain(|fell| fell.elapsed() < A_MINUTE);
        self.0.push(Instant::now());
        self.0.len() >= 3
    }
}

/// Everything that serves.
pub struct Processes {
    all: Vec<Process>,
    guard: PathBuf,
    /// The names of our own settings.
    inherited: Vec<String>,
}

impl Processes {
    pub fn start(orders: Vec<Order>, folder: &Path, inherited: Vec<String>) -> anyhow::Result<Self> {
        let guard = folder.join("guard.sh");
        std::fs::write(&guard, embedded::GUARD)?;
        let mut processes = Self { all: Vec::new(), guard, inherited };
        for order in orders {
            let log = folder.join(format!("{}.log", order.name));
            let child = processes.spawn(&order, &log)?;
            processes.all.push(Process { order, child, log, falls: Falls::default() });
        }
        Ok(processes)
    }

    /// Behind the guard, which ends it when our end of its standard input closes, however we end.
    fn spawn(&self, order: &Order, log: &Path) -> anyhow::Result<Child> {
        let output = File::options().create(true).append(true).open(log)?;
        let this = std::env::current_exe().context("this program's own path is not known")?;
        let mut command = Command::new("sh");
        // What a service is told is in the order: settings of ours may be none of its own, or said twice.
        for name in &self.inherited {
            command.env_remove(name);
        }
        command
            .arg(&self.guard)
            .arg("TERM")
            .arg(GRACE)
            .arg(this)
            .args(&order.arguments)
            .envs(&order.environment)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(false)
            .spawn()
            .with_context(|| format!("{} cannot be started", order.name))
    }

    /// Waits until every service says that it is ready.
    pub async fn until_ready(&mut self, addresses: &Addresses, servers: &mut Servers) -> anyhow::Result<()> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build()?;
        let began = Instant::now();
        let mut unready: Vec<u16> = addresses.health.values().copied().collect();
        unready.dedup();
        while let Some(port) = unready.last() {
            let answer = http.get(format!("http://127.0.0.1:{port}/readyz")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                unready.pop();
                continue;
            }
            self.check_ended(servers)?;
            if began.elapsed() > READY_WITHIN {
                bail!("not everything was ready within {READY_WITHIN:?}; the end of the logs:\n{}", self.tails());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        // Somebody else may have answered at a port that one of ours could not bind.
        self.check_ended(servers)
    }

    fn check_ended(&mut self, servers: &mut Servers) -> anyhow::Result<()> {
        if let Some(ended) = servers.ended() {
            bail!(ended);
        }
        for process in &mut self.all {
            if let Some(status) = process.child.try_wait()? {
                let said =
                    format!("{} ended before it was ready ({status}); the end of its log:\n{}", process.order.name, tail(&process.log));
                // It has ended, so that whoever holds its port is a stranger.
                let taken = process.order.ports.iter().any(|port| !embedded::is_free(*port));
                return Err(if taken { PortTaken(said).into() } else { anyhow::Error::msg(said) });
            }
        }
        Ok(())
    }

    /// Until SIGINT or SIGTERM; whatever ends is started again, twice in a minute.
    pub async fn watch(&mut self, servers: &mut Servers) -> anyhow::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                () = tokio::time::sleep(WATCH) => {}
            }
            servers.start_again().await?;
            self.start_again()?;
        }
    }

    fn start_again(&mut self) -> anyhow::Result<()> {
        for at in 0..self.all.len() {
            let Some(process) = self.all.get_mut(at) else { break };
            let Some(status) = process.child.try_wait()? else { continue };
            let (order, log) = (process.order.clone(), process.log.clone());
            if process.falls.one_too_many() {
                bail!("{} ended for the third time in a minute ({status}); the end of its log:\n{}", order.name, tail(&log));
            }
            eprintln!("{} ended ({status}) and is started again", order.name);
            let child = self.spawn(&order, &log)?;
            if let Some(process) = self.all.get_mut(at) {
                process.child = child;
            }
        }
        Ok(())
    }

    /// Asks all to stop and waits; their guards kill those that do not. A guard that hangs itself is killed with what it guards.
    pub async fn stop(&mut self) {
        for process in &self.all {
            if let Some(pid) = process.child.id().and_then(|pid| i32::try_from(pid).ok()) {
                // It may have ended by itself.
                let _ended = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
        }
        for process in &mut self.all {
            if tokio::time::timeout(STOPPED_WITHIN, process.child.wait()).await.is_err() {
                eprintln!("{} did not stop in time and is killed", process.order.name);
                if let Some(guard) = process.child.id() {
                    embedded::kill_children(guard);
                }
                let _killed = process.child.kill().await;
            }
        }
    }

    fn tails(&self) -> String {
        let tails: Vec<String> = self.all.iter().map(|process| format!("--- {}\n{}", process.order.name, tail(&process.log))).collect();
        tails.join("\n")
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(20)).copied().collect::<Vec<_>>().join("\n")
}
