//! The processes of this machine, as `ps` shows them.

use std::process::Command;

/// Sends a signal to a process, which may have ended.
pub fn signal(pid: u32, signal: &str) {
    let _gone = Command::new("kill").args([signal, &pid.to_string()]).status();
}

/// Whether a process runs; a zombie has ended.
pub fn runs(pid: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// (pid, parent, command) of every process.
pub fn processes() -> Vec<(u32, u32, String)> {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().unwrap();
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.collect::<Vec<_>>().join(" ")))
    };
    String::from_utf8_lossy(&listing.stdout).lines().filter_map(read).collect()
}

/// The children of a process, and theirs.
pub fn descendants(of: u32) -> Vec<u32> {
    let all = processes();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(all.iter().filter(|(_, of, _)| *of == parent).map(|(pid, ..)| *pid));
        at += 1;
    }
    found.split_off(1)
}
