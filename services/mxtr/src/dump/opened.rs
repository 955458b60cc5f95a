//! Everything that the keys open, of all that was dumped: columns and records.

use super::keys::{Bytes, Keys, rows, rows_of};
use super::make;
use events::Event as _;
use events::platform::RightsOutcome;
use events::rights::RightsTask;
use kernel::TenantId;
use privacy::Category;
use prost::Message as _;
use seal::Place;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use uuid::Uuid;

/// A column with sealed values: where the rows are, and where each value is said to stand.
pub struct Sealed {
    pub table: &'static str,
    pub column: &'static str,
    /// The column with the id of whoever holds the key.
    holder: &'static str,
    row: Row,
    /// The store in the sealed value's own words.
    store: &'static str,
    subkey: &'static str,
}

/// Which row a sealed value says it stands in.
enum Row {
    Column(&'static str),
    /// The number of a chunk, as an id.
    Chunk,
}

/// Every column with sealed values. A test holds the list against the inventory.
pub const SEALED: [Sealed; 9] = [
    contact("personal"),
    contact("business"),
    contact("imported"),
    import("header"),
    import("mapping"),
    chunk("contacts.import_chunks"),
    chunk("contacts.import_rejects"),
    case("identifiers", "rights.cases"),
    case("message", "rights.messages"),
];

const fn contact(column: &'static str) -> Sealed {
    Sealed { table: "contacts.contacts", column, holder: "id", row: Row::Column("id"), store: "contacts.contacts", subkey: column }
}

const fn import(column: &'static str) -> Sealed {
    Sealed { table: "contacts.imports", column, holder: "id", row: Row::Column("id"), store: "contacts.imports", subkey: "imported" }
}

const fn chunk(table: &'static str) -> Sealed {
    Sealed { table, column: "sealed", holder: "import_id", row: Row::Chunk, store: table, subkey: "imported" }
}

const fn case(column: &'static str, store: &'static str) -> Sealed {
    Sealed { table: "rights.cases", column, holder: "id", row: Row::Column("id"), store, subkey: "personal" }
}

/// The parts of packages: their key is the person's, whom the case names.
pub const PARTS: &str = "rights.parts";

/// Writes what opens to `opened`; says how many values, place by place.
pub fn dump(keys: &Keys, target: &Path) -> anyhow::Result<Map<String, Value>> {
    let (databases, opened) = (target.join("databases"), target.join("opened"));
    make(&opened)?;
    let mut counts = Map::new();
    let mut put = |name: String, values: Vec<Value>| -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(opened.join(format!("{name}.jsonl")))?);
        for value in &values {
            writeln!(file, "{value}")?;
        }
        file.flush()?;
        counts.insert(name, json!(values.len()));
        Ok(())
    };
    for sealed in &SEALED {
        put(format!("{}.{}", sealed.table, sealed.column), column(keys, &databases, sealed)?)?;
    }
    put(PARTS.to_owned(), parts(keys, &databases)?)?;
    put("topics".to_owned(), records(keys, &target.join("topics"))?)?;
    Ok(counts)
}

fn at<'a>(tenant: Uuid, holder: Uuid, (store, row): (&'a str, Uuid), category: &'a str) -> Place<'a> {
    Place { tenant: TenantId::from(tenant), holder, store, row, category }
}

/// Opens what is sealed at a place, whose category names the key of the holder's that it is under.
fn open(keys: &Keys, place: &Place<'_>, sealed: &[u8]) -> Option<Value> {
    let (tenant, subkey) = (place.tenant.uuid(), place.category);
    let key = keys.get(tenant, place.holder)?;
    let key = match subkey.parse::<Category>() {
        Ok(category) => key.category(category).key().clone(),
        Err(_) => key.subkey(subkey),
    };
    #[expect(clippy::disallowed_methods, reason = "an operator who holds the keys looks at what they still open")]
    let plain = seal::open(&key, place, sealed).ok()?;
    // As JSON where it is JSON: a value that is escaped twice would be found in no spelling.
    let value = serde_json::from_slice(&plain).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&plain).into_owned()));
    Some(json!({"tenant_id": tenant, "holder_id": place.holder, "store": place.store, "value": value}))
}

fn column(keys: &Keys, databases: &Path, sealed: &Sealed) -> anyhow::Result<Vec<Value>> {
    let rows: Vec<Map<String, Value>> = rows_of(databases, sealed.table)?;
    let opened = rows.iter().filter_map(|row| {
        let id = |column: &str| row.get(column)?.as_str()?.parse::<Uuid>().ok();
        let place = match sealed.row {
            Row::Column(column) => id(column)?,
            Row::Chunk => Uuid::from_u128(row.get("chunk")?.as_u64()?.into()),
        };
        let value = Bytes::deserialize(row.get(sealed.column)?).ok()?;
        open(keys, &at(id("tenant_id")?, id(sealed.holder)?, (sealed.store, place), sealed.subkey), &value.0)
    });
    Ok(opened.collect())
}

fn parts(keys: &Keys, databases: &Path) -> anyhow::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Case {
        id: Uuid,
        subject_id: Option<Uuid>,
    }
    #[derive(Deserialize)]
    struct Part {
        tenant_id: Uuid,
        case_id: Uuid,
        service: String,
        sealed: Bytes,
    }
    let people: HashMap<Uuid, Option<Uuid>> =
        rows_of::<Case>(databases, "rights.cases")?.into_iter().map(|case| (case.id, case.subject_id)).collect();
    let opened = rows_of::<Part>(databases, PARTS)?.into_iter().filter_map(|part| {
        let person = people.get(&part.case_id).copied().flatten()?;
        open(keys, &at(part.tenant_id, person, (&format!("{}.package", part.service), part.case_id), "package"), &part.sealed.0)
    });
    Ok(opened.collect())
}

/// Sealed values in records: what a person gave to be found by, and the parts of packages.
fn records(keys: &Keys, topics: &Path) -> anyhow::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Record {
        headers: Vec<(String, String, String)>,
        value: Option<String>,
    }
    let mut opened = Vec::new();
    for topic in events::topics::all() {
        for record in rows::<Record>(topics, topic.name)? {
            let Some(value) = record.value.and_then(|value| hex::decode(value).ok()) else { continue };
            let is = |kind: &str| record.headers.iter().any(|(name, text, _)| name == "ce_type" && text == kind);
            if is(RightsTask::TYPE) {
                let Ok(task) = RightsTask::decode(value.as_slice()) else { continue };
                if let (Ok(tenant), Ok(case)) = (Uuid::from_slice(&task.tenant_id), Uuid::from_slice(&task.case_id)) {
                    opened.extend(open(keys, &at(tenant, case, ("rights.cases", case), "personal"), &task.sealed_identifiers));
                }
            } else if is(RightsOutcome::TYPE) {
                let Ok(outcome) = RightsOutcome::decode(value.as_slice()) else { continue };
                let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
                let (Some(tenant), Some(case), Some(person)) = (id(&outcome.tenant_id), id(&outcome.case_id), id(&outcome.subject_id))
                else {
                    continue;
                };
                let store = format!("{}.package", outcome.service);
                opened.extend(
                    outcome.parts.iter().filter_map(|part| open(keys, &at(tenant, person, (&store, case), "package"), &part.sealed)),
                );
            }
        }
    }
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::{PARTS, SEALED};

    #[test]
    fn every_sealed_field_of_the_inventory_is_opened() {
        for store in crate::inventory() {
            for field in store.fields.iter().filter(|field| field.sealed) {
                let column = SEALED.iter().any(|sealed| sealed.table == store.store && sealed.column == field.field);
                assert!(column || store.store == PARTS, "{}.{}", store.store, field.field);
            }
        }
    }
}
