//! Each database from its catalogue: whatever tables there are, every row.

use super::make;
use crate::state::State;
use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

const TABLES: &str = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2";

/// Writes `<service>/<schema>.<table>.jsonl` for every table, a row a line; says how many rows. A folder a service: each database has a schema `infra`.
pub async fn dump(state: &State, folder: &Path, superuser: Option<&str>, target: &Path) -> anyhow::Result<u64> {
    make(target)?;
    let mut rows = 0;
    for (service, url) in &state.databases {
        let own = target.join(service);
        make(&own)?;
        let url = if let Some(superuser) = superuser {
            within(superuser, url)?
        } else {
            let secret = std::fs::read_to_string(folder.join("secrets/postgres")).context("the superuser's password cannot be read")?;
            let place = url.rsplit_once('@').map(|(_, place)| place).context("the address names a place")?;
            format!("postgres://postgres:{}@{place}", secret.trim())
        };
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.with_context(|| {
            format!("the database of {service} cannot be read; where it is not the platform's own, give --superuser-url")
        })?;
        tokio::spawn(async move {
            // Ends with the client.
            let _ended = connection.await;
        });
        // One moment for all tables of a database.
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        for table in client.query(TABLES, &[]).await? {
            let (schema, name): (String, String) = (table.get(0), table.get(1));
            let mut file = BufWriter::new(File::create(own.join(format!("{schema}.{name}.jsonl")))?);
            // Names come from the catalogue and are quoted.
            let query = format!("SELECT row_to_json(t)::text FROM \"{schema}\".\"{name}\" t");
            let mut lines = std::pin::pin!(client.query_raw(&query, std::iter::empty::<&(dyn ToSql + Sync)>()).await?);
            while let Some(line) = lines.try_next().await? {
                writeln!(file, "{}", line.get::<_, &str>(0))?;
                rows += 1;
            }
            file.flush()?;
        }
    }
    Ok(rows)
}

/// The superuser's address, on the database that this address names.
fn within(superuser: &str, url: &str) -> anyhow::Result<String> {
    let database = url.rsplit_once('/').map(|(_, database)| database).context("the address names no database")?;
    let place = superuser.rsplit_once('/').map(|(place, _)| place).context("the superuser's address names no database")?;
    Ok(format!("{place}/{database}"))
}
