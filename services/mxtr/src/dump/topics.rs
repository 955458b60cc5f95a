//! Each topic: every record that it still holds.

use super::make;
use bus::KafkaConfig;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// Writes `<topic>.jsonl` for every topic, a record a line with its bytes in hex; says how many records.
pub async fn dump(kafka: KafkaConfig, target: PathBuf) -> anyhow::Result<u64> {
    tokio::task::spawn_blocking(move || {
        make(&target)?;
        let mut files: HashMap<&str, BufWriter<File>> = HashMap::new();
        for topic in events::topics::all() {
            files.insert(topic.name, BufWriter::new(File::create(target.join(format!("{}.jsonl", topic.name)))?));
        }
        let mut records = 0;
        bus::dump(&kafka, |record| -> anyhow::Result<()> {
            let headers: Vec<Value> =
                record.headers.iter().map(|(name, value)| json!([name, String::from_utf8_lossy(value), hex::encode(value)])).collect();
            let line = json!({
                "partition": record.partition, "offset": record.offset, "key": hex::encode(&record.key), "headers": headers,
                "value": record.value.as_ref().map(hex::encode),
            });
            if let Some(file) = files.get_mut(record.topic) {
                writeln!(file, "{line}")?;
                records += 1;
            }
            Ok(())
        })?;
        for mut file in files.into_values() {
            file.flush()?;
        }
        Ok(records)
    })
    .await?
}
