//! A server as a child: its log, its end, and its end when we end.

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it answers; recovery after a crash is in it.
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
/// Seconds from the polite signal until the guard kills it; shorter than we wait.
const GRACE: &str = "10";
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running server behind `guard.sh`, which ends it when our end of its standard input closes, however we end.
#[derive(Debug)]
pub(crate) struct Child {
    guard: Process,
    stdin: Option<ChildStdin>,
    log: PathBuf,
    /// Where in the log its own words begin: what stands before is another run's.
    log_from: u64,
    name: &'static str,
    /// The server itself, which the guard has started.
    server: Option<Pid>,
}

impl Child {
    /// Starts a command whose output goes to `log`. `polite` is the signal that asks it to stop.
    pub fn start(name: &'static str, guard: &Path, polite: Signal, command: &Command, log: &Path) -> anyhow::Result<Self> {
        let output = File::options().create(true).append(true).open(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let log_from = output.metadata()?.len();
        let mut guarded = Command::new("sh");
        let signal = polite.as_str().trim_start_matches("SIG");
        guarded.arg(guard).arg(signal).arg(GRACE).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        let mut process = guarded
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let stdin = process.stdin.take();
        Ok(Self { guard: process, stdin, log: log.to_owned(), log_from, name, server: None })
    }

    /// Waits until `answers`, which has to tell this server from a stranger on its port; ends with the tail of the log when the server ends first.
    pub fn wait_until(&mut self, mut answers: impl FnMut(&mut Self) -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            if answers(self) {
                return Ok(());
            }
            if let Some(status) = self.guard.try_wait()? {
                bail!("{} ended before it was ready ({status}); the end of its log:\n{}", self.name, self.tail(20));
            }
            if began.elapsed() > READY_WITHIN {
                bail!("{} was not ready within {READY_WITHIN:?}; the end of its log:\n{}", self.name, self.tail(20));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The server's own process, when it still runs.
    pub fn pid(&mut self) -> Option<i32> {
        if self.server.is_none() {
            self.server =
                children_of(self.guard.id()).into_iter().find(|(_, command)| !command.starts_with("sh")).map(|(pid, _)| Pid::from_raw(pid));
        }
        self.server.map(Pid::as_raw).filter(|_| self.is_running())
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.guard.try_wait(), Ok(None))
    }

    /// Asks it to stop and waits; kills it when it does not.
    pub fn stop(&mut self) {
        if let Ok(guard) = i32::try_from(self.guard.id()) {
            // It may have ended by itself.
            let _ended = kill(Pid::from_raw(guard), Signal::SIGTERM);
        }
        let began = Instant::now();
        while self.is_running() && began.elapsed() < STOPPED_WITHIN {
            std::thread::sleep(LOOK_AGAIN);
        }
        if self.is_running() {
            self.kill();
        }
        self.stdin = None;
    }

    /// `kill -9`, as a crash would.
    pub fn kill(&mut self) {
        if let Some(server) = self.pid() {
            let _ended = kill(Pid::from_raw(server), Signal::SIGKILL);
        }
        self.stdin = None;
        let _reaped = self.guard.wait();
    }

    /// Whether this run of it has written these words to its log.
    pub fn has_said(&self, words: &str) -> bool {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.log_from))?;
            log.read_to_end(&mut said)
        });
        read.is_ok() && String::from_utf8_lossy(&said).contains(words)
    }

    /// The last lines of the log.
    pub fn tail(&self, lines: usize) -> String {
        let text = fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all.iter().skip(all.len().saturating_sub(lines)).copied().collect::<Vec<_>>().join("\n")
    }
}

/// `kill -9` of the children of a process.
pub fn kill_children(parent: u32) {
    for (pid, _) in children_of(parent) {
        // It may have ended by itself.
        let _ended = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// (pid, command line) of the children of a process.
fn children_of(parent: u32) -> Vec<(i32, String)> {
    let Ok(listing) = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output() else { return Vec::new() };
    BufReader::new(listing.stdout.as_slice())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (pid, of) = (words.next()?.parse().ok()?, words.next()?.parse::<u32>().ok()?);
            (of == parent).then(|| (pid, words.collect::<Vec<_>>().join(" ")))
        })
        .collect()
}
