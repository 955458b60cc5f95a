//! The real servers: they keep what they have over a crash, and never outlive us.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
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
