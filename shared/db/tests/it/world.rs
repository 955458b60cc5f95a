//! What the tests share: one table of tenants' things, and a way to the server that can be frozen.

use db::{Db, DbError, EmbeddedMigrations, TenantTx, embed_migrations};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Service, TenantId};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::Database;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const THINGS: EmbeddedMigrations = embed_migrations!("tests/migrations");

diesel::table! {
    contacts.things (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Integer,
        value -> Integer,
    }
}

pub async fn database() -> (Database, Db) {
    let database = testkit::database(Service::Contacts, THINGS).await.unheard("these tests relay by hand");
    let db = database.connect(&runtime()).await;
    (database, db)
}

pub fn runtime() -> runtime::Runtime {
    testkit::runtime(Service::Contacts, &testkit::clock())
}

/// Tenant `number`.
pub fn tenant(number: u8) -> TenantId {
    TenantId::from(uuid::Builder::from_unix_timestamp_millis(1_700_000_000_000, &[number; 10]).into_uuid())
}

/// Things with these ids, each worth nothing.
pub async fn put(db: &Db, tenant: TenantId, ids: &[i32]) {
    let done: Result<(), DbError> = db
        .tx(tenant, "test.put", async |tx: &mut TenantTx| {
            let owner = tx.tenant().uuid();
            let rows: Vec<_> = ids.iter().map(|id| (things::tenant_id.eq(owner), things::id.eq(*id), things::value.eq(0))).collect();
            diesel::insert_into(things::table).values(rows).execute(tx.conn()).await?;
            Ok(())
        })
        .await;
    done.unwrap();
}

/// One more for this thing of the transaction's tenant.
pub async fn add(tx: &mut TenantTx, id: i32) -> QueryResult<()> {
    let of = things::table.filter(things::id.eq(id));
    diesel::update(of).set(things::value.eq(things::value + 1)).execute(tx.conn()).await.map(drop)
}

/// What a tenant's things are worth, by id.
pub async fn values(db: &Db, tenant: TenantId) -> Vec<(i32, i32)> {
    db.read(tenant, "test.values", things::table.select((things::id, things::value)).order(things::id)).await.unwrap()
}

/// What the server says of every other connection to this database: its process and its state.
pub async fn sessions(database: &Database) -> Vec<(i32, String)> {
    let rows = database
        .superuser()
        .await
        .query("SELECT pid, coalesce(state, '') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", &[])
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A way to the server, through which nothing goes while it is frozen: what has been said stays on its way, and connections stay open.
pub struct Way {
    pub database: Database,
    frozen: watch::Sender<bool>,
    arrived: Arc<AtomicUsize>,
}

impl Way {
    pub async fn to(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = database.url.parse::<reqwest::Url>().unwrap();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (frozen, seen) = watch::channel(false);
        let arrived = Arc::new(AtomicUsize::new(0));
        let counts = arrived.clone();
        tokio::spawn(async move {
            while let Ok((ours, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::SeqCst);
                let theirs = TcpStream::connect(server.clone()).await.unwrap();
                let ((our_read, our_write), (their_read, their_write)) = (ours.into_split(), theirs.into_split());
                tokio::spawn(carry(our_read, their_write, seen.clone()));
                tokio::spawn(carry(their_read, our_write, seen.clone()));
            }
        });
        Self { database: database.at(url.to_string()), frozen, arrived }
    }

    /// How many connections came this way.
    pub fn arrived(&self) -> usize {
        AtomicUsize::load(&self.arrived, Ordering::SeqCst)
    }

    pub fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

async fn carry(
    from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        from.readable().await?;
        let count = match from.try_read(&mut buffer) {
            Ok(0) => return to.shutdown().await,
            Ok(count) => count,
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(cause) => return Err(cause),
        };
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
    }
}
