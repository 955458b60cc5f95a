//! Reads the policy in force from `policy/`, checks it and writes its tables as Rust.

mod check;
mod model;
mod write;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    println!("cargo::rerun-if-changed={}", root.display());
    match build(&root) {
        Ok(tables) => {
            #[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write by this variable")]
            let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
            fs::write(Path::new(&out).join("policy.rs"), tables).expect("cargo's output folder is writable");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in faults {
                println!("cargo::error={fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The tables of the newest version in `root`, or everything that is wrong with it.
fn build(root: &Path) -> Result<String, Vec<String>> {
    let folder = newest(root)?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let policy: model::Policy =
        toml::from_str(&read(&folder.join("policy.toml"))?).map_err(|fault| vec![format!("policy/{name}/policy.toml: {fault}")])?;
    let text = folder.join(&policy.text);
    let faults = check::faults(&policy, name, &read(&text)?);
    if !faults.is_empty() {
        return Err(faults.into_iter().map(|fault| format!("policy/{name}: {fault}")).collect());
    }
    Ok(write::tables(&policy, &text))
}

/// The folder with the greatest name: versions are called by year and month.
fn newest(root: &Path) -> Result<PathBuf, Vec<String>> {
    let entries = fs::read_dir(root).map_err(|fault| vec![format!("{}: {fault}", root.display())])?;
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    folders.max().ok_or_else(|| vec![format!("{}: no version of the policy", root.display())])
}

fn read(path: &Path) -> Result<String, Vec<String>> {
    fs::read_to_string(path).map_err(|fault| vec![format!("{}: {fault}", path.display())])
}
