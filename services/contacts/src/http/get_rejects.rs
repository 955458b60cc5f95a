//! The rows that were not brought in, as a file that can be mended and sent again.

use super::{Desk, ImportContacts};
use crate::domain::import::cell::outgoing;
use crate::error::{Error, Result};
use crate::importing::{REJECTED, Staged, chunk_place, open_header, open_rows};
use crate::store::imports;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use db::Db;
use events::platform::ReadRecord;
use futures_util::future::ready;
use futures_util::stream::{self, Stream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use kernel::{ImportId, ReadId, Service, TenantId, micros};
use privacy::{Purpose, Verb, bundle};
use seal::Key;
use uuid::Uuid;
use web::{Caller, Path, Problem, access_limit};

/// Rejected rows with their number and reason. Cells that a spreadsheet would take for formulas have a `'` before them; an import takes it away again.
#[utoipa::path(tag = "imports", params(("id" = ImportId, Path)), extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[get("/v1/imports/{id}/rejects.csv")]
pub async fn get_rejects(caller: Caller<ImportContacts>, desk: Data<Desk>, id: Path<ImportId>) -> Result<HttpResponse> {
    let (tenant, import) = (caller.tenant(), id.0.uuid());
    // What is shown is what an import left over, for nothing but to mend it: the read is for this purpose, whatever else the caller may do.
    if !caller.limit().purposes.contains(Purpose::OPERATE) {
        return Err(Problem::forbidden("purpose-not-granted").into());
    }
    let run = imports::read(&desk.db, tenant, import).await?.ok_or(Error::NotFound)?;
    // The file and what was rejected of it are forgotten after a while, or were never there.
    let sealed_header = run.header.as_deref().ok_or(Error::WrongState)?;
    let key = desk.vault.import_key(tenant, import).await?;
    let header: Vec<String> = open_header(&key, tenant, import, sealed_header)?;
    let names = lines(&[["row".to_owned(), "reason".to_owned()].into_iter().chain(header).collect()])?;
    // Rejects are about nobody who has a key yet; that they were looked at is on record all the same.
    desk.db.journal().record(tenant, &record(&caller, &desk)).await?;
    let rejects = Rejects { db: desk.db.clone(), key, tenant, import };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"rejects.csv\""))
        .insert_header(("Cache-Control", "no-store"))
        .streaming(stream::once(ready(Ok(names))).chain(rejects.lines())))
}

/// What was rejected of a run, of which one chunk at a time is in memory.
struct Rejects {
    db: Db,
    key: Key,
    tenant: TenantId,
    import: Uuid,
}

impl Rejects {
    fn lines(self) -> impl Stream<Item = Result<Bytes>> {
        let (import, chunks) = (self.import, stream::try_unfold((self, None), |(rejects, after)| rejects.next(after)));
        // The status has been sent: all that can be done is to break off, which no reader takes for the end.
        chunks.inspect_err(move |cause| tracing::error!(%import, %cause, "rejected rows could not be sent to their end"))
    }

    /// The lines of the next chunk that has any.
    async fn next(self, after: Option<i64>) -> Result<Option<(Bytes, (Self, Option<i64>))>> {
        let (tenant, import) = (self.tenant, self.import);
        let Some((chunk, sealed)) = imports::next_rejects(&self.db, tenant, import, after).await? else { return Ok(None) };
        let rows = open_rows(&self.key, &chunk_place(tenant, import, chunk, REJECTED), &sealed)?;
        let records: Vec<Vec<String>> = rows.iter().map(shown).collect();
        Ok(Some((lines(&records)?, (self, Some(chunk)))))
    }
}

fn shown(staged: &Staged) -> Vec<String> {
    let reason = staged.fault.map_or("", crate::domain::import::row::Fault::name);
    let cells = staged.cells.iter().map(|cell| outgoing(cell).into_owned());
    [staged.row.to_string(), reason.to_owned()].into_iter().chain(cells).collect()
}

fn lines(records: &[Vec<String>]) -> Result<Bytes> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(|_| Error::Reader)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|_| Error::Reader)
}

fn record(caller: &Caller<ImportContacts>, desk: &Desk) -> ReadRecord {
    let clock = desk.db.clock();
    ReadRecord {
        read_id: ReadId::new(clock).as_bytes().to_vec(),
        tenant_id: caller.tenant().as_bytes().to_vec(),
        principal_id: caller.principal().as_bytes().to_vec(),
        service: Service::Contacts.name().to_owned(),
        operation: "get_rejects".to_owned(),
        purpose: Purpose::OPERATE.name().to_owned(),
        verb: Verb::Import.name().to_owned(),
        subjects: Vec::new(),
        read_at_us: micros(clock.now()),
        trace_id: runtime::telemetry::trace_id().to_vec(),
        policy_version: bundle().version.to_owned(),
    }
}
