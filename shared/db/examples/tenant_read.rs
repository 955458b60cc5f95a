//! How many single reads a second [`Db::read`] does, and how many the same query does on bare connections that were told the tenant once.
//! Reads `{"url", "tenant", "seconds"}` from its input and writes `{"ours", "ceiling", "n"}`. `make bench` runs it; the table is `contacts.contacts`.

use db::{DatabaseConfig, Db};
use diesel::prelude::*;
use kernel::{Clock, Service, TenantId};
use runtime::{Runtime, Secret};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;
use uuid::Uuid;

const CONNECTIONS: u32 = 8;
const CALLERS: usize = 32;
const QUERY: &str = "SELECT id, personal FROM contacts.contacts WHERE tenant_id = $1 AND id = $2";

#[derive(serde::Deserialize)]
struct Input {
    url: String,
    tenant: TenantId,
    seconds: u64,
}

// What is prepared once is found again only where diesel built the query.
diesel::table! {
    contacts.contacts (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        personal -> Nullable<Bytea>,
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let input: Input = serde_json::from_reader(std::io::stdin())?;
    let ids = Arc::new(bare(&input).await?.query("SELECT id FROM contacts.contacts LIMIT 1000", &[]).await?);
    let ids: Arc<Vec<Uuid>> = Arc::new(ids.iter().map(|row| row.get(0)).collect());
    anyhow::ensure!(!ids.is_empty(), "the tenant has no contacts");
    let (ours, n) = ours(&input, ids.clone()).await?;
    let ceiling = ceiling(&input, ids).await?;
    println!("{}", serde_json::json!({"ours": ours, "ceiling": ceiling, "n": n}));
    Ok(())
}

async fn ours(input: &Input, ids: Arc<Vec<Uuid>>) -> anyhow::Result<(f64, u64)> {
    let config = DatabaseConfig::new(Secret::new(input.url.clone()), CONNECTIONS);
    let db = Db::connect(&config, &Runtime::new(Service::Contacts, Clock::system())).await?;
    let tenant = input.tenant;
    repeated(input.seconds, move |_, at| {
        let (db, id) = (db.clone(), ids[at % ids.len()]);
        async move {
            let query = contacts::table.find((tenant.uuid(), id)).select((contacts::id, contacts::personal));
            let rows: Vec<(Uuid, Option<Vec<u8>>)> = db.read(tenant, "bench.read", query).await?;
            anyhow::ensure!(rows.first().is_some_and(|(found, personal)| *found == id && personal.is_some()), "a contact is missing");
            Ok(())
        }
    })
    .await
}

async fn ceiling(input: &Input, ids: Arc<Vec<Uuid>>) -> anyhow::Result<f64> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = bare(input).await?;
        let prepared = client.prepare(QUERY).await?;
        clients.push((client, prepared));
    }
    let (clients, tenant) = (Arc::new(clients), input.tenant.uuid());
    let (rate, _) = repeated(input.seconds, move |caller, at| {
        let (clients, id) = (clients.clone(), ids[at % ids.len()]);
        async move {
            let (client, prepared) = &clients[caller % clients.len()];
            let row = client.query_one(prepared, &[&tenant, &id]).await?;
            anyhow::ensure!(row.get::<_, Uuid>(0) == id && row.get::<_, Option<&[u8]>>(1).is_some(), "a contact is missing");
            Ok(())
        }
    })
    .await?;
    Ok(rate)
}

/// A connection that was told its tenant.
async fn bare(input: &Input) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(&input.url, NoTls).await?;
    tokio::spawn(async move {
        // Ends with the client.
        let _ended = connection.await;
    });
    client.batch_execute(&format!("SELECT set_config('app.tenant', '{}', false)", input.tenant)).await?;
    Ok(client)
}

/// How often this is done in a second by callers who each wait for their answer.
async fn repeated<W, F>(seconds: u64, work: W) -> anyhow::Result<(f64, u64)>
where
    W: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while Instant::now() < end {
                    work(caller, caller * 31 + count).await?;
                    count += 1;
                }
                anyhow::Ok(count)
            })
        })
        .collect();
    let mut total = 0;
    for caller in callers {
        total += caller.await??;
    }
    let n = u64::try_from(total)?;
    Ok((f64::from(u32::try_from(n)?) / began.elapsed().as_secs_f64(), n))
}
