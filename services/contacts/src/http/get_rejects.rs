//! The rows that were not brought in, as a file that can be mended and sent again.

use super::{Desk, ImportContacts};
use crate::domain::import::cell::outgoing;
use crate::error::{Error, Result};
use crate::importing::{REJECTED, Staged, open_header, open_staged};
use crate::store::imports;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use events::platform::ReadRecord;
use kernel::{ImportId, ReadId, Service, micros};
use privacy::{Purpose, Verb, bundle};
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
    let sealed = imports::read_rejects(&desk.db, tenant, import).await?;
    // The file and what was rejected of it are forgotten after a while, or were never there.
    let sealed_header = run.header.as_deref().ok_or(Error::WrongState)?;
    let key = desk.vault.import_key(tenant, import).await?;
    let header: Vec<String> = open_header(&key, tenant, import, sealed_header)?;
    // Rejects are about nobody who has a key yet; that they were looked at is on record all the same.
    desk.db.journal().record(tenant, &record(&caller, &desk)).await?;
    let mut rows = Vec::new();
    for (chunk, sealed) in sealed {
        rows.extend(open_staged(&key, tenant, import, chunk, REJECTED, &sealed)?);
    }
    let file = file(&header, &rows).map_err(|_| Error::Reader)?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"rejects.csv\""))
        .insert_header(("Cache-Control", "no-store"))
        .body(file))
}

fn file(header: &[String], rows: &[Staged]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(["row", "reason"].into_iter().chain(header.iter().map(String::as_str)))?;
    for staged in rows {
        let reason = staged.fault.map_or("", crate::domain::import::row::Fault::name);
        let cells: Vec<_> = staged.cells.iter().map(|cell| outgoing(cell)).collect();
        let number = staged.row.to_string();
        writer.write_record([number.as_str(), reason].into_iter().chain(cells.iter().map(AsRef::as_ref)))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
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
