//! The table, and the same for programs.

use crate::machine;
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::path::Path;

/// A line of the table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    pub ours: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_us: Option<f64>,
    pub n: u64,
    /// In words; empty where there is none. For people who read the table.
    #[serde(skip)]
    pub target: &'static str,
    #[serde(skip)]
    pub reached: Option<bool>,
}

#[derive(Default)]
pub struct Report(Vec<Row>);

impl Report {
    pub fn put(&mut self, row: Row) {
        let mut row = row;
        row.ratio = row.ceiling.map(|ceiling| row.ours / ceiling);
        eprintln!("{}", line(&row));
        self.0.push(row);
    }

    /// Prints the table; a tenth of everything is no measurement that others should find.
    pub fn finish(&self, quick: bool) {
        println!(
            "{:<22} {:>11} {:>11} {:>6} {:>9} {:>9} {:>9} {:>8}  target",
            "", "ours", "ceiling", "ratio", "p50 ms", "p99 ms", "cpu µs", "n"
        );
        for row in &self.0 {
            println!("{}", line(row));
        }
        if quick {
            return println!("machine: {} · a quick run, written nowhere", machine::describe());
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
        fs::create_dir_all(&folder).unwrap();
        let document = json!({"machine": machine::describe(), "commit": machine::commit(), "rows": self.0});
        fs::write(folder.join("latest.json"), serde_json::to_string_pretty(&document).unwrap()).unwrap();
        println!("machine: {} · written to target/bench/latest.json", machine::describe());
    }
}

fn line(row: &Row) -> String {
    let shown = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") })
    };
    let mark = match row.reached {
        Some(true) => "reached",
        Some(false) => "MISSED",
        None => "",
    };
    format!(
        "{:<22} {:>11} {:>11} {:>6} {:>9} {:>9} {:>9} {:>8}  {} {mark}",
        row.name,
        format!("{:.0} {}", row.ours, row.unit),
        shown(row.ceiling),
        row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        shown(row.p50),
        shown(row.p99),
        shown(row.cpu_us),
        row.n,
        row.target
    )
}

/// The value below which this share of all lies, in milliseconds.
pub fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * to_float(sorted.len())).ceil();
    (0..sorted.len()).find(|at| to_float(at + 1) >= rank).and_then(|at| sorted.get(at).copied())
}

/// Counts here are far below what a float holds exactly.
pub fn to_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
