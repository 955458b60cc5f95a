//! The bare parts: PostgreSQL without a platform around it, actix without anything behind it.

use crate::Bench;
use actix_web::{App, HttpResponse, HttpServer, web};
use std::fs;
use std::time::Instant;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// A server that answers every request with the same bytes, on as many threads as a service has. Lives as long as this process.
pub fn constant(body: String) -> String {
    let (say, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let answer = move || {
                let body = body.clone();
                App::new().default_service(web::to(move || {
                    let body = body.clone();
                    async move { HttpResponse::Ok().content_type("application/json").body(body) }
                }))
            };
            let server = HttpServer::new(answer).workers(2).bind(("127.0.0.1", 0)).unwrap();
            say.send(server.addrs().first().copied().unwrap()).unwrap();
            server.run().await.unwrap();
        });
    });
    format!("http://{}", hear.recv().unwrap())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async move {
        // Ends with the client.
        let _ended = connection.await;
    });
    client
}

/// Rows a second of bare `INSERT … SELECT unnest`, a thousand at a time, into a table with contacts' columns, indexes and row-level security, by a role that owns
/// nothing: what PostgreSQL itself does of an import.
pub async fn bare_import(bench: &Bench, rows: u64) -> f64 {
    let url = bench.platform.state()["databases"]["contacts"].as_str().unwrap().to_owned();
    let (_, place) = url.rsplit_once('@').unwrap();
    let password = fs::read_to_string(bench.platform.folder().join("secrets/postgres")).unwrap();
    let superuser = connect(&format!("postgres://postgres:{}@{place}", password.trim())).await;
    superuser
        .batch_execute(
            "CREATE SCHEMA bench; CREATE TABLE bench.contacts (LIKE contacts.contacts INCLUDING ALL); \
             ALTER TABLE bench.contacts ENABLE ROW LEVEL SECURITY; ALTER TABLE bench.contacts FORCE ROW LEVEL SECURITY; \
             CREATE POLICY tenant ON bench.contacts USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid); \
             GRANT USAGE ON SCHEMA bench TO mxtr_contacts; GRANT ALL ON bench.contacts TO mxtr_contacts",
        )
        .await
        .unwrap();
    let client = connect(&url).await;
    let tenant = Uuid::new_v4();
    let insert = client
        .prepare(
            "INSERT INTO bench.contacts (tenant_id, id, role, source, quarantined, suppressed, version, created_at, updated_at, email_index, telephone_index, \
             suppression_token, suppression_telephone, language, time_zone, personal, business, imported) \
             SELECT $1, new.id, 'processor', 'client', false, false, 1, now(), now(), new.email, new.telephone, new.suppression, new.number, 'de', 'Europe/Berlin', new.personal, \
             new.business, new.imported FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[]) \
             AS new (id, email, telephone, suppression, number, personal, business, imported)",
        )
        .await
        .unwrap();
    // As long as sealed values of such rows are.
    let bytes = |length: usize| -> Vec<Vec<u8>> {
        (0..1000).map(|_| (0..length.div_ceil(16)).flat_map(|_| *Uuid::new_v4().as_bytes()).take(length).collect()).collect()
    };
    let batches: Vec<_> = (0..rows.div_ceil(1000))
        .map(|_| {
            let ids: Vec<Uuid> = (0..1000).map(|_| Uuid::new_v4()).collect();
            (ids, [bytes(32), bytes(32), bytes(32), bytes(32)], bytes(190), bytes(120), bytes(60))
        })
        .collect();
    let began = Instant::now();
    for (ids, [email, telephone, suppression, number], personal, business, imported) in &batches {
        client.batch_execute(&format!("BEGIN; SELECT set_config('app.tenant', '{tenant}', true)")).await.unwrap();
        client.execute(&insert, &[&tenant, ids, email, telephone, suppression, number, personal, business, imported]).await.unwrap();
        client.batch_execute("COMMIT").await.unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    superuser.batch_execute("DROP SCHEMA bench CASCADE").await.unwrap();
    crate::report::to_float(batches.len() * 1000) / seconds
}
