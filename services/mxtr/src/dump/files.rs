//! Files: the folder's own without its secrets, and the raw data of the embedded servers.

use super::make;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is not copied from the folder: secrets, what is copied as raw data, and what is no data.
const LEFT_OUT: [&str; 8] = ["secrets", "admin.key", "admin.hash", "state.json", "kafka", "postgres", "guard.sh", "lock"];

/// Copies logs and other files to `files`, the servers' data to `raw`; says how many bytes.
pub fn dump(folder: &Path, target: &Path) -> anyhow::Result<u64> {
    let (files, raw) = (target.join("files"), target.join("raw"));
    make(&files)?;
    make(&raw)?;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
            bytes += copy(&entry.path(), &files.join(&name))?;
        }
    }
    let postgres =
        fs::read_to_string(folder.join("postgres.where")).map_or_else(|_| folder.join("postgres"), |text| PathBuf::from(text.trim()));
    for (from, name) in [(postgres, "postgres"), (folder.join("kafka"), "kafka")] {
        if from.exists() {
            bytes += copy(&from, &raw.join(name))?;
        }
    }
    Ok(bytes)
}

/// Copies a file or a folder. What goes away meanwhile was about to be gone: the servers run on.
fn copy(from: &Path, to: &Path) -> anyhow::Result<u64> {
    let kind = match fs::symlink_metadata(from) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(0),
        found => found?.file_type(),
    };
    if kind.is_file() {
        return match fs::copy(from, to) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(0),
            copied => Ok(copied?),
        };
    }
    if !kind.is_dir() {
        return Ok(0);
    }
    make(to)?;
    let mut bytes = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        bytes += copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(bytes)
}
