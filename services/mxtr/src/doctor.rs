//! `mxtr doctor`: what this machine lacks to run everything on it.

use crate::cli::Exit;
use serde::Serialize;
use std::process::Command;

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    program: &'static str,
    found: Option<String>,
    /// What to do about it, in one line.
    remedy: Option<&'static str>,
}

/// Looks, says, and fails when something is missing.
///
/// # Errors
/// Something is missing.
pub fn run(json: bool) -> anyhow::Result<()> {
    let findings = findings();
    if json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            match (&finding.found, finding.remedy) {
                (Some(found), None) => println!("ok       {:<12} {found}", finding.what),
                (_, remedy) => println!("missing  {:<12} {}", finding.what, remedy.unwrap_or_default()),
            }
        }
    }
    if findings.iter().all(|finding| finding.remedy.is_none()) {
        Ok(())
    } else {
        Err(Exit(
            1,
            "something is missing; without Java and Maven, give the addresses of servers (MXTR_KAFKA_BROKERS, MXTR_<SERVICE>_DATABASE_URL)"
                .to_owned(),
        )
        .into())
    }
}

/// What running needs; `embedded/tools.sh` installs the same, and what building needs.
fn findings() -> Vec<Finding> {
    let ps = tool("ps", "ps", &["-A"], "install ps (Debian: apt-get install procps)");
    vec![
        java(),
        tool("maven", "mvn", &["--version"], "install Maven (Debian: apt-get install maven; macOS: brew install maven)"),
        tool("tar", "tar", &["--version"], "install tar (Debian: apt-get install tar; macOS has it)"),
        tool("xz", "xz", &["--version"], "install xz (Debian: apt-get install xz-utils; macOS: brew install xz)"),
        tool("unzip", "unzip", &["-v"], "install unzip (Debian: apt-get install unzip; macOS has it)"),
        // Not every ps says its version.
        Finding { found: ps.remedy.is_none().then(|| "there".to_owned()), ..ps },
    ]
}

fn java() -> Finding {
    let remedy = "install a Java runtime, 17 or newer (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17)";
    let said = Command::new("java")
        .arg("-version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .unwrap_or_default();
    let version = said.split('"').nth(1).map(ToOwned::to_owned);
    let enough = version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok()).is_some_and(|major| major >= 17);
    Finding { what: "java", program: "java", found: version, remedy: (!enough).then_some(remedy) }
}

fn tool(what: &'static str, program: &'static str, arguments: &[&str], remedy: &'static str) -> Finding {
    let said = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let first = said.map(|output| plain(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default()));
    Finding { what, program, remedy: first.is_none().then_some(remedy), found: first }
}

/// A line without the colours that Maven sets even where nobody sees them.
fn plain(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let before = pieces.next().unwrap_or_default();
    let behind = pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, text)| text));
    std::iter::once(before).chain(behind).collect::<String>().trim().to_owned()
}
