//! What is measured of the machine: memory and processor time of the platform's processes.

use crate::Bench;
use crate::report::{Report, Row, to_float};
use e2e_tests::platform::{descendants, processes};
use std::fs;
use std::process::Command;

/// Clock ticks a second in `/proc/{pid}/stat` (`USER_HZ`, always 100 on Linux).
const TICK_US: f64 = 10_000.0;

/// (pid, whether it is ours) of everything that runs below `mxtr up`, and of that itself.
fn all(bench: &Bench) -> Vec<(u32, bool)> {
    let up = u32::try_from(bench.platform.state()["pid"].as_u64().unwrap()).unwrap();
    let listing = processes();
    let ours = |pid: u32| {
        listing
            .iter()
            .any(|(known, _, command)| *known == pid && command.split_whitespace().next().is_some_and(|program| program.ends_with("/mxtr")))
    };
    descendants(up).into_iter().chain([up]).map(|pid| (pid, ours(pid))).collect()
}

/// Proportional set size, in megabytes.
fn pss(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

pub fn memory(bench: &Bench, report: &mut Report) {
    let all = all(bench);
    let mxtr: f64 = all.iter().filter(|(_, ours)| *ours).map(|(pid, _)| pss(*pid)).sum();
    let total: f64 = all.iter().map(|(pid, _)| pss(*pid)).sum();
    let n = u64::try_from(all.len()).unwrap_or_default();
    report.put(Row {
        name: "idle_memory_mxtr",
        unit: "MB",
        ours: mxtr,
        n,
        target: "PSS ≤ 150 MB",
        reached: Some(mxtr <= 150.0),
        ..Row::default()
    });
    report.put(Row { name: "idle_memory_total", unit: "MB", ours: total, n, ..Row::default() });
}

/// Processor time that our processes have used so far, in microseconds.
pub fn cpu_us(bench: &Bench) -> f64 {
    let used = |pid: u32| -> f64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name may hold spaces: count from behind it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum::<f64>() * TICK_US
    };
    all(bench).into_iter().filter(|(_, ours)| *ours).map(|(pid, _)| used(pid)).sum()
}

pub fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("unknown processor").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<usize>().ok()).unwrap_or_default();
    format!("{model}, {cores} cores, {:.0} GB", to_float(kilobytes / 1024) / 1024.0)
}

pub fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
