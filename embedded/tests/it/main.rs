//! The real servers: they keep what they have over a crash, and never outlive us.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn prepared() -> Prepared {
    Prepared::ensure(&mut |says| eprintln!("{says}")).unwrap()
}

fn options() -> PostgresOptions {
    PostgresOptions { port: None, durable: true, superuser_password: "test".to_owned() }
}

/// Whether a process still runs; a zombie has ended.
fn runs(pid: i32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        std::thread::yield_now();
    }
}

/// Root's data stand outside the test's folder.
fn remove_data(folder: &Path) {
    if let Ok(place) = std::fs::read_to_string(folder.join("postgres.where")) {
        let data = Path::new(place.trim()).parent().unwrap().to_owned();
        std::fs::remove_dir_all(data).unwrap();
    }
}

#[test]
fn a_server_that_was_killed_starts_again_on_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepared();
    let mut postgres = Postgres::start(&prepared, folder.path(), &options()).unwrap();
    let data = postgres.data_dir().to_owned();
    let mut kafka = Kafka::start(&prepared, folder.path(), None).unwrap();
    let ports = (postgres.port(), kafka.port());
    let pids = (postgres.pid().unwrap(), kafka.pid().unwrap());
    postgres.kill();
    kafka.kill();
    until("both have ended", || !runs(pids.0) && !runs(pids.1));
    let again = PostgresOptions { port: Some(ports.0), ..options() };
    let mut postgres = Postgres::start(&prepared, folder.path(), &again).unwrap();
    assert_eq!(postgres.data_dir(), data);
    let mut kafka = Kafka::start(&prepared, folder.path(), Some(ports.1)).unwrap();
    assert_eq!((postgres.port(), kafka.port()), ports);
    assert!(postgres.is_running() && kafka.is_running());
    kafka.stop();
    postgres.stop();
    assert!(!postgres.is_running() && !kafka.is_running());
    remove_data(folder.path());
}

#[test]
fn no_server_outlives_a_parent_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let hold = Path::new(env!("CARGO_BIN_EXE_hold"));
    let mut parent = Command::new(hold).arg(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pids: Vec<i32> = line.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| runs(*pid)), "both run: {line}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("both have ended", || pids.iter().all(|pid| !runs(*pid)));
    remove_data(folder.path());
}

/// A command behind the guard, which is asked to end it with TERM and kills it after so many seconds.
fn guarded(folder: &Path, grace: &str, command: &[&str]) -> (Child, i32) {
    let script = folder.join("guard.sh");
    std::fs::write(&script, embedded::GUARD).unwrap();
    let guard = Command::new("sh").arg(script).args(["TERM", grace]).args(command).stdin(Stdio::piped()).spawn().unwrap();
    let mut child = None;
    until("the command runs", || {
        child = pid_of(&command.join(" "));
        child.is_some()
    });
    (guard, child.unwrap())
}

/// The process with exactly this command line.
fn pid_of(command: &str) -> Option<i32> {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,args="]).output().unwrap();
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    listing.lines().filter_map(|line| line.trim().split_once(' ')).find(|(_, args)| args.trim() == command)?.0.parse().ok()
}

fn signal(name: &str, pid: i32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_child_that_hangs_is_killed_when_its_parent_has_ended_or_asks() {
    let folder = tempfile::tempdir().unwrap();
    for (asked, seconds) in [(false, "86401"), (true, "86402")] {
        let (mut guard, child) = guarded(folder.path(), "0", &["sleep", seconds]);
        signal("-STOP", child);
        let input = guard.stdin.take();
        if asked {
            signal("-TERM", guard.id().try_into().unwrap());
        } else {
            drop(input);
        }
        until("the frozen child is gone", || !runs(child));
        assert!(!guard.wait().unwrap().success(), "the guard tells how it ended");
    }
}

#[test]
fn nothing_of_the_guard_stays_when_its_child_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // The grace is a word that can be found: what would stay behind sleeps for that long.
    for (asked, grace, seconds) in [(false, "86403", "86405"), (true, "86404", "86406")] {
        let (mut guard, child) = guarded(folder.path(), grace, &["sleep", seconds]);
        let input = guard.stdin.take();
        if asked {
            signal("-TERM", guard.id().try_into().unwrap());
        } else {
            drop(input);
        }
        guard.wait().unwrap();
        assert!(!runs(child), "it ended before its guard");
        until("nobody waits on", || pid_of(&format!("sleep {grace}")).is_none());
    }
}

#[test]
fn a_stranger_on_its_port_is_not_taken_for_a_server_of_ours() {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let prepared = prepared();
    let mut postgres = Postgres::start(&prepared, theirs.path(), &options()).unwrap();
    let mut kafka = Kafka::start(&prepared, theirs.path(), None).unwrap();
    let taken = PostgresOptions { port: Some(postgres.port()), ..options() };
    for refused in
        [Postgres::start(&prepared, ours.path(), &taken).map(drop), Kafka::start(&prepared, ours.path(), Some(kafka.port())).map(drop)]
    {
        let refused = refused.expect_err("the one that answers is somebody else's").to_string();
        assert!(refused.contains("ended before it was ready"), "{refused}");
    }
    kafka.kill();
    postgres.kill();
    for folder in [theirs, ours] {
        remove_data(folder.path());
    }
}
