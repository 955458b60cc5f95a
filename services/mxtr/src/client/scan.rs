//! `mxtr verify scan`: is any of these values anywhere in a dump, in a spelling that is known here?

use crate::cli::{Exit, NOT_VERIFIED};
use aho_corasick::AhoCorasick;
use anyhow::Context as _;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A shorter value is found everywhere by chance.
const SHORTEST: usize = 4;

#[derive(Args)]
pub struct Options {
    /// A folder that `mxtr dump` wrote
    dump: PathBuf,
    /// A file with a value a line; - for standard input, so that the values stand in no file
    #[arg(long)]
    values: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A spelling of a value.
struct Spelling {
    /// Which line of the values.
    line: usize,
    how: &'static str,
    bytes: Vec<u8>,
}

/// # Errors
/// Something was found (exit code 4), or nothing could be looked for.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let values = read(&options.values)?;
    let spellings: Vec<Spelling> = values.iter().enumerate().flat_map(|(line, value)| spellings(line + 1, value)).collect();
    let patterns = AhoCorasick::new(spellings.iter().map(|spelling| &spelling.bytes))?;
    let mut hits: BTreeMap<(String, usize, &'static str), u64> = BTreeMap::new();
    let (mut files, mut bytes) = (0_u64, 0_u64);
    for path in all(&options.dump)? {
        let name = path.strip_prefix(&options.dump).unwrap_or(&path).display().to_string();
        files += 1;
        bytes += fs::metadata(&path).map_or(0, |found| found.len());
        for hit in patterns.stream_find_iter(BufReader::with_capacity(1 << 20, File::open(&path)?)) {
            if let Some(spelling) = spellings.get(hit?.pattern().as_usize()) {
                *hits.entry((name.clone(), spelling.line, spelling.how)).or_default() += 1;
            }
        }
        // A value in a file's own name counts too.
        for hit in patterns.find_iter(name.as_bytes()) {
            if let Some(spelling) = spellings.get(hit.pattern().as_usize()) {
                *hits.entry((name.clone(), spelling.line, "file name")).or_default() += 1;
            }
        }
    }
    if files == 0 {
        anyhow::bail!("{} holds no files: nothing was looked through", options.dump.display());
    }
    say(options.json, &hits, files, bytes, values.len())
}

fn say(as_json: bool, hits: &BTreeMap<(String, usize, &'static str), u64>, files: u64, bytes: u64, values: usize) -> anyhow::Result<()> {
    if as_json {
        let shown: Vec<Value> =
            hits.iter().map(|((file, line, how), times)| json!({"file": file, "value": line, "spelling": how, "times": times})).collect();
        println!("{}", serde_json::to_string_pretty(&json!({"found": shown, "files": files, "bytes": bytes}))?);
    } else {
        for ((file, line, how), times) in hits {
            println!("value {line}: {times} x {how} in {file}");
        }
        println!("{} of {values} values found; looked through {files} files, {bytes} bytes", found(hits));
    }
    if hits.is_empty() { Ok(()) } else { Err(Exit(NOT_VERIFIED, format!("{} of {values} values are in the dump", found(hits))).into()) }
}

fn found(hits: &BTreeMap<(String, usize, &'static str), u64>) -> usize {
    hits.keys().map(|(_, line, _)| line).collect::<std::collections::BTreeSet<_>>().len()
}

/// The values; which of them is too short is said by its line alone.
fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = fs::read_to_string(path).context("the values cannot be read")?;
    }
    let values: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect();
    if values.is_empty() {
        return Err(Exit(2, "there are no values to look for".to_owned()).into());
    }
    match values.iter().position(|value| value.chars().count() < SHORTEST) {
        Some(at) => Err(Exit(2, format!("value {} is shorter than {SHORTEST} characters: it would be found by chance", at + 1)).into()),
        None => Ok(values),
    }
}

fn all(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(all(&entry.path())?);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// How a value can be written: as it is, in both cases, in hex, base64 at every offset, URL and JSON escapes, UTF-16, and hashed without a key.
fn spellings(line: usize, value: &str) -> Vec<Spelling> {
    let mut spelt: Vec<Spelling> = Vec::new();
    let mut add = |how: &'static str, bytes: Vec<u8>| {
        if bytes.len() >= SHORTEST && !spelt.iter().any(|known| known.bytes == bytes) {
            spelt.push(Spelling { line, how, bytes });
        }
    };
    for form in [value.to_owned(), value.to_lowercase(), value.to_uppercase()] {
        let bytes = form.as_bytes();
        add("plain", bytes.to_vec());
        add("hex", hex::encode(bytes).into_bytes());
        add("hex", hex::encode_upper(bytes).into_bytes());
        for (how, engine) in [("base64", &STANDARD), ("base64url", &URL_SAFE)] {
            for offset in 0..3 {
                add(how, middle_of_base64(&engine.encode([&[0; 2][..offset.min(2)], bytes].concat()), offset, bytes.len()));
            }
        }
        add("url", url(&form, true));
        add("url", url(&form, false));
        add("json", json_escaped(&form));
        let quoted = json!(form).to_string();
        add("json", quoted.trim_matches('"').as_bytes().to_vec());
        add("utf-16", form.encode_utf16().flat_map(u16::to_le_bytes).collect());
        add("utf-16", form.encode_utf16().flat_map(u16::to_be_bytes).collect());
        for (how, algorithm) in [("sha-256", &digest::SHA256), ("sha-1", &digest::SHA1_FOR_LEGACY_USE_ONLY)] {
            let hash = digest::digest(algorithm, bytes);
            add(how, hash.as_ref().to_vec());
            add(how, hex::encode(hash.as_ref()).into_bytes());
        }
    }
    spelt
}

/// The characters of base64 that do not depend on what stands before or behind the value.
fn middle_of_base64(encoded: &str, offset: usize, length: usize) -> Vec<u8> {
    let first = (offset * 8).div_ceil(6);
    let last = (offset + length) * 8 / 6;
    encoded.as_bytes().get(first..last).unwrap_or_default().to_vec()
}

fn url(text: &str, upper: bool) -> Vec<u8> {
    let mut spelt = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            spelt.push(char::from(byte));
        } else {
            spelt.push('%');
            spelt.push_str(&if upper { hex::encode_upper([byte]) } else { hex::encode([byte]) });
        }
    }
    spelt.into_bytes()
}

fn json_escaped(text: &str) -> Vec<u8> {
    let mut spelt = String::new();
    for character in text.chars() {
        if character.is_ascii() && !character.is_ascii_control() && character != '"' && character != '\\' {
            spelt.push(character);
        } else if character == '"' || character == '\\' {
            spelt.push('\\');
            spelt.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                spelt.extend(["\\u", &hex::encode(unit.to_be_bytes())]);
            }
        }
    }
    spelt.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(value: &str, planted: &[u8]) -> Option<&'static str> {
        let spelt = spellings(1, value);
        let text = [b"some text before ".as_slice(), planted, b" and behind"].concat();
        let patterns = AhoCorasick::new(spelt.iter().map(|spelling| &spelling.bytes)).unwrap();
        patterns.find_iter(&text).next().map(|hit| spelt[hit.pattern().as_usize()].how)
    }

    #[test]
    fn a_planted_value_is_found_in_every_spelling() {
        let value = "Zoë.Müller+x@Example.org";
        let planted: Vec<(&str, Vec<u8>)> = vec![
            ("plain", value.into()),
            ("plain", value.to_lowercase().into()),
            ("plain", value.to_uppercase().into()),
            ("hex", hex::encode(value).into()),
            ("hex", hex::encode_upper(value).into()),
            ("base64", STANDARD.encode(format!("{{\"email\":\"{value}\"}}")).into()),
            ("base64", STANDARD.encode(format!("1{value}")).into()),
            ("base64", STANDARD.encode(format!("12{value}3")).into()),
            ("url", url(value, true)),
            ("url", url(value, false)),
            ("json", br"Zo\u00eb.M\u00fcller+x@Example.org".to_vec()),
            ("utf-16", value.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("sha-256", hex::encode(digest::digest(&digest::SHA256, value.as_bytes()).as_ref()).into()),
        ];
        for (how, planted) in planted {
            assert_eq!(finds(value, &planted), Some(how), "{how}");
        }
        assert_eq!(finds(value, b"zoe.mueller@example.org"), None);
    }
}
