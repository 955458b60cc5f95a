//! Staging: the file streams in, its rows are sealed under the key of the import, and nothing of it is ever in clear on a disk.

use super::STAGED;
use super::reading::{Part, read};
use super::staged::{Counts, Staged, chunk_place, seal_header, seal_rows};
use crate::acts::{self, Kind};
use crate::error::{Error, Result};
use crate::store::imports::{self, ImportRow};
use crate::store::queue;
use crate::vault::Vault;
use actix_web::web::Payload;
use bytes::Bytes;
use db::{Db, TenantTx};
use futures_util::StreamExt as _;
use jiff_diesel::ToDiesel as _;
use kernel::{ImportId, PrincipalId, TenantId};
use seal::Key;
use tokio::sync::mpsc;
use uuid::Uuid;
use web::idempotency::{IdempotencyKey, Refused};
use web::{Problem, Slug};

/// What a caller declares about a file.
#[derive(Clone, Debug)]
pub struct Declared {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub source: String,
    pub basis: String,
    pub country: Option<String>,
    pub attestation: Option<Uuid>,
}

/// Takes a file in.
pub struct Stager<'a> {
    pub db: &'a Db,
    pub vault: &'a Vault,
    pub largest_file: u64,
}

impl Stager<'_> {
    /// A run for the file that comes now, or the one that an earlier request with the same key and the same declaration made, where it came to something.
    pub async fn begin(&self, declared: &Declared, key: &IdempotencyKey, asked: &[u8]) -> Result<(ImportRow, bool)> {
        let clock = self.db.clock();
        let blank = blank(declared, ImportId::new(clock).uuid(), clock.now().to_diesel());
        let (run, replayed) = self
            .db
            .tx(declared.tenant, "imports.begin", async |tx: &mut TenantTx| {
                if let Some(id) = key.claim(tx, asked).await?.and_then(|before| before.resource)
                    && let Some(before) = imports::lock(tx, id).await?
                {
                    match before.state.as_str() {
                        "staging" => return Err(Refused::Running.into()),
                        // Nothing of it stayed: the file is sent again.
                        "failed" if before.failure.is_none() => {}
                        _ => return Ok((before, true)),
                    }
                }
                imports::insert(tx, &blank).await?;
                key.finish(tx, 201, Some(blank.id)).await?;
                Ok::<_, Error>((blank.clone(), false))
            })
            .await?;
        if !replayed {
            // Whatever becomes of it, it comes to its end.
            queue::enqueue(self.db, declared.tenant, run.id, run.ends_at()).await?;
        }
        Ok((run, replayed))
    }

    /// Stages the whole file. When it ends early, or anything fails, nothing of it stays.
    pub async fn stage(&self, mut run: ImportRow, body: Payload) -> Result<ImportRow> {
        let tenant = TenantId::from(run.tenant_id);
        let staged = match self.vault.import_key(tenant, run.id).await {
            Ok(key) => self.take(&mut run, &key, body).await,
            Err(cause) => Err(cause),
        };
        if staged.is_err() {
            run.state = "failed".to_owned();
            run.finished_at = Some(self.db.clock().now().to_diesel());
        }
        run.version += 1;
        self.db
            .tx(tenant, "imports.staged", async |tx: &mut TenantTx| {
                if run.state == "failed" {
                    imports::forget_chunks(tx, run.id).await?;
                } else {
                    acts::import(tx, PrincipalId::from(run.principal_id), Kind::ImportStaged, &run);
                }
                imports::replace(tx, &run).await.map_err(Error::from)
            })
            .await?;
        staged.map(|()| run)
    }

    /// Reads the rows while the bytes come, and keeps them chunk by chunk.
    async fn take(&self, run: &mut ImportRow, key: &Key, body: Payload) -> Result<()> {
        let (bytes, chunks) = mpsc::channel(16);
        let (parts, mut heard) = mpsc::channel(2);
        let reading = tokio::task::spawn_blocking(move || read(chunks, &parts));
        let (fed, kept) = futures_util::future::join(feed(body, bytes, self.largest_file), self.keep(run, key, &mut heard)).await;
        drop(heard);
        reading.await.map_err(|_| Error::Reader)?;
        fed.and(kept)
    }

    async fn keep(&self, run: &mut ImportRow, key: &Key, parts: &mut mpsc::Receiver<Part>) -> Result<()> {
        let tenant = TenantId::from(run.tenant_id);
        while let Some(part) = parts.recv().await {
            match part {
                Part::NoHeader => {
                    return Err(Problem::new(Slug::NOT_READABLE)
                        .detail("The file has no header that can be read: UTF-8 CSV is expected.")
                        .into());
                }
                Part::Header { names, recognised } => {
                    run.header = Some(seal_header(key, tenant, run.id, &names)?);
                    run.layout = recognised.as_ref().map(|(name, _)| (*name).to_owned());
                    run.mapping = recognised.map(|(_, mapping)| seal_header(key, tenant, run.id, &mapping)).transpose()?;
                }
                Part::Chunk(rows) => self.keep_chunk(run, key, &rows).await?,
                Part::End { sha256 } => {
                    run.file_sha256 = Some(sha256);
                    run.state = if run.mapping.is_some() { "staged" } else { "needs-mapping" }.to_owned();
                    return Ok(());
                }
            }
        }
        Err(Error::Reader)
    }

    async fn keep_chunk(&self, run: &mut ImportRow, key: &Key, rows: &[Staged]) -> Result<()> {
        let (tenant, import, chunk) = (TenantId::from(run.tenant_id), run.id, run.chunks);
        let sealed = seal_rows(key, &chunk_place(tenant, import, chunk, STAGED), rows)?;
        self.db
            .tx(tenant, "imports.stage", async |tx: &mut TenantTx| imports::stage(tx, import, chunk, &sealed).await.map_err(Error::from))
            .await?;
        run.chunks += 1;
        run.rows_total += i64::try_from(rows.len()).unwrap_or_default();
        Ok(())
    }
}

/// Hands the bytes of the request to the reader, up to the largest file that is taken.
async fn feed(mut body: Payload, bytes: mpsc::Sender<Bytes>, largest: u64) -> Result<()> {
    let mut taken: u64 = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk
            .map_err(|_| Problem::new(Slug::NOT_READABLE).detail("The file ended before its end. Nothing was kept; send it again."))?;
        taken += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if taken > largest {
            return Err(Problem::new(Slug::TOO_LARGE).into());
        }
        if bytes.send(chunk).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn blank(declared: &Declared, id: Uuid, now: jiff_diesel::Timestamp) -> ImportRow {
    ImportRow {
        tenant_id: declared.tenant.uuid(),
        id,
        state: "staging".to_owned(),
        source: declared.source.clone(),
        basis: declared.basis.clone(),
        country: declared.country.clone(),
        attestation_id: declared.attestation,
        principal_id: declared.principal.uuid(),
        header: None,
        mapping: None,
        layout: None,
        file_sha256: None,
        rows_total: 0,
        rows_done: 0,
        chunks: 0,
        next_chunk: 0,
        counts: serde_json::to_value(Counts::default()).unwrap_or_default(),
        version: 1,
        created_at: now,
        finished_at: None,
        failure: None,
    }
}
