//! A database a test, copied from one that was migrated once.

use crate::outbox::{self, Outbox};
use crate::servers;
use db::{DatabaseConfig, Db, EmbeddedMigrations};
use events::Outgoing;
use kernel::{Service, TenantId};
use runtime::{Runtime, Secret};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::sync::Mutex;
use tokio_postgres::NoTls;

static MADE: LazyLock<Mutex<HashMap<Service, String>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A service's database, empty but for its schema. A test that lets go of it without having looked at what was published fails.
#[derive(Clone, Debug)]
pub struct Database {
    pub name: String,
    /// As the role that serves: it owns nothing.
    pub url: String,
    /// As the role that owns the schema.
    pub owner_url: String,
    /// As the superuser, whom no row-level security binds: for looking at what is really there.
    pub superuser_url: String,
    outbox: Arc<Outbox>,
}

impl Database {
    /// A pool on it.
    pub async fn connect(&self, runtime: &Runtime) -> Db {
        let config = DatabaseConfig::new(Secret::new(self.url.clone()), 8);
        Db::connect(&config, runtime).await.expect("the database is there")
    }

    /// The same database at another address.
    #[must_use]
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// What was published of a tenant since one looked last, in order; looked at now.
    pub async fn events(&self, tenant: TenantId) -> Vec<Outgoing> {
        let mut events = self.outbox.fresh().await;
        events.retain(|event| event.tenant == tenant);
        outbox::looked_at(events.iter().map(|event| event.event_id));
        events
    }

    /// The kinds of [`Database::events`]: an act's kind, else the topic and the message.
    pub async fn published(&self, tenant: TenantId) -> Vec<String> {
        self.events(tenant).await.iter().map(outbox::kind).collect()
    }

    /// How many events of one kind there are among those, which alone are looked at now.
    pub async fn count(&self, tenant: TenantId, kind: &str) -> usize {
        let mut events = self.outbox.fresh().await;
        events.retain(|event| event.tenant == tenant && outbox::kind(event) == kind);
        outbox::looked_at(events.iter().map(|event| event.event_id));
        events.len()
    }

    /// These kinds need no look in this test: another one looks at them.
    #[must_use]
    pub fn looked_at_elsewhere(self, kinds: &[&'static str]) -> Self {
        self.outbox.excuse(kinds);
        self
    }

    /// Nothing that is published here needs a look.
    #[must_use]
    pub fn unheard(self, why: &'static str) -> Self {
        self.outbox.unheard(why);
        self
    }

    /// A connection as the superuser.
    pub async fn superuser(&self) -> tokio_postgres::Client {
        connect(&self.superuser_url).await
    }
}

/// A database of this service's schema that nobody else has.
pub async fn database(service: Service, migrations: EmbeddedMigrations) -> Database {
    let template = template(service, migrations).await;
    let name = format!("t{}_{service}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER mxtr_{service}_owner")).await;
    named(service, &name)
}

/// Migrated once a test binary.
async fn template(service: Service, migrations: EmbeddedMigrations) -> String {
    let mut made = MADE.lock().await;
    if let Some(name) = made.get(&service) {
        return name.clone();
    }
    let name = format!("template{}_{service}", std::process::id());
    for role in [format!("mxtr_{service}_owner"), format!("mxtr_{service}")] {
        // Another test binary of the same run may have made it.
        execute(
            "postgres",
            &format!("DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD 'test'; EXCEPTION WHEN duplicate_object THEN NULL; END $$"),
        )
        .await;
    }
    execute("postgres", &format!("CREATE DATABASE {name} OWNER mxtr_{service}_owner")).await;
    migrated(owner_url(service, &name), service, migrations).await;
    execute(&name, outbox::KEEP).await;
    made.insert(service, name.clone());
    name
}

/// Migrates on a runtime of its own: migrations block their thread, which a test's runtime may have one of.
async fn migrated(owner_url: String, service: Service, migrations: EmbeddedMigrations) {
    let migrating = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread can be had");
        runtime.block_on(db::migrate(&owner_url, service, migrations)).expect("the schema can be made");
    };
    tokio::task::spawn_blocking(migrating).await.expect("it does not panic");
}

fn named(service: Service, name: &str) -> Database {
    let superuser_url = format!("{}/{name}", servers().postgres);
    Database {
        name: name.to_owned(),
        url: format!("postgres://mxtr_{service}:test@{}/{name}", place()),
        owner_url: owner_url(service, name),
        outbox: Arc::new(Outbox::of(&superuser_url)),
        superuser_url,
    }
}

fn owner_url(service: Service, name: &str) -> String {
    format!("postgres://mxtr_{service}_owner:test@{}/{name}", place())
}

/// Host and port.
fn place() -> &'static str {
    servers().postgres.rsplit_once('@').expect("the address names a user").1
}

async fn execute(database: &str, sql: &str) {
    let url = format!("{}/{database}", servers().postgres);
    connect(&url).await.batch_execute(sql).await.expect("the superuser may do everything");
}

/// A connection to this address.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server is there");
    tokio::spawn(async move {
        // The connection ends with the client.
        let _ended = connection.await;
    });
    client
}
