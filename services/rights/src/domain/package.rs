//! What a person gets: one JSON document with its schema, and the same as a plain page, in a ZIP file.

use super::page::{self, escaped};
use kernel::Timestamp;
use privacy::{Purpose, bundle};
use serde_json::{Map, Value, json};
use std::io::{Cursor, Write as _};
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The schema of `package.json` (JSON Schema 2020-12).
pub const SCHEMA: &str = include_str!("package.schema.json");

const README: &str = "This is everything that is held about you here.\n\n\
    index.html           to read: open it with a browser\n\
    package.json         the same, for a program\n\
    package.schema.json  what package.json looks like (JSON Schema 2020-12)\n";

/// What is said beside the data themselves (GDPR 15(1)).
pub struct About<'a> {
    pub case: Uuid,
    pub made_at: Timestamp,
    /// The controller's own policy; empty where it is not on record.
    pub policy_url: &'a str,
    pub jurisdiction: &'a str,
}

/// The document: what the services handed out, and what GDPR 15(1) wants said beside it.
pub fn document(about: &About<'_>, parts: Vec<Value>) -> Value {
    let policy = bundle();
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!("package.schema.json"));
    document.insert("case_id".to_owned(), json!(about.case));
    document.insert("made_at".to_owned(), json!(about.made_at));
    document.insert("controller".to_owned(), json!({"privacy_policy": about.policy_url, "jurisdiction": about.jurisdiction}));
    for part in parts {
        if let Value::Object(part) = part {
            document.extend(part);
        }
    }
    let purposes: Vec<Value> = Purpose::ALL
        .iter()
        .map(|purpose| purpose.record())
        .map(|purpose| json!({"purpose": purpose.id, "for": purpose.says, "basis": purpose.basis, "you_may_object": purpose.objectable}))
        .collect();
    let retention: Vec<Value> = policy.retention.iter().map(|rule| json!({"rule": rule.name, "how_long": rule.text})).collect();
    document.insert(
        "about".to_owned(),
        json!({
            "policy_version": policy.version,
            "purposes": purposes,
            "retention": retention,
            "your_rights": "You may have this corrected, completed, erased or restricted, take it elsewhere, object, and withdraw consent at any time. You may complain to a supervisory authority.",
        }),
    );
    Value::Object(document)
}

/// The ZIP file.
///
/// # Errors
/// The file cannot be written, which memory does not refuse.
pub fn zip(document: &Value) -> zip::result::ZipResult<Vec<u8>> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let json = serde_json::to_string_pretty(document).unwrap_or_default();
    let page = html(document);
    for (name, content) in
        [("README.txt", README), ("index.html", page.as_str()), ("package.json", json.as_str()), ("package.schema.json", SCHEMA)]
    {
        file.start_file(name, options)?;
        file.write_all(content.as_bytes())?;
    }
    Ok(file.finish()?.into_inner())
}

/// The same document to read.
fn html(document: &Value) -> String {
    let mut content = String::from("<p>Everything that is held about you here, with what it is used for and how long it is kept.</p>");
    let Value::Object(document) = document else { return String::new() };
    for (name, value) in document.iter().filter(|(name, _)| !name.starts_with('$')) {
        content.extend(["<h2>", &escaped(&words(name)), "</h2>", &shown(value)]);
    }
    page::html("What is held about you", &content)
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<p>–</p>".to_owned(),
        Value::Object(fields) => {
            let lines = fields.iter().filter(|(_, value)| !value.is_null());
            let lines: Vec<String> =
                lines.map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escaped(&words(name)), shown(value))).collect();
            format!("<dl>{}</dl>", lines.concat())
        }
        Value::Array(items) if items.is_empty() => "<p>nothing</p>".to_owned(),
        Value::Array(items) => {
            let lines: Vec<String> = items.iter().map(|item| format!("<li>{}</li>", shown(item))).collect();
            format!("<ol>{}</ol>", lines.concat())
        }
        Value::String(text) => escaped(text),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
    }
}
