//! Migrations: embedded, under a lock, first `infra`, then the service's own schema, then the rights of the serving role.

use crate::{Db, DbError};
use anyhow::Context as _;
use diesel::migration::{Migration as _, MigrationSource as _};
use diesel::pg::Pg;
use diesel_async::{AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use diesel_migrations::MigrationHarness as _;
pub use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Service;

/// One step of a schema, by its version.
pub type Migration = Box<dyn diesel::migration::Migration<Pg>>;

const INFRA: EmbeddedMigrations = embed_migrations!();

/// The lock under which a database is migrated, by one process at a time.
const MIGRATING: i64 = 0x6d78_7472_0002;

/// Brings a service's database up to date, as its owner, and lets the role `mxtr_<service>` use it. Needs a runtime with several threads.
///
/// # Errors
/// The database is away, or a migration failed; then nothing of that migration remains.
pub async fn migrate(owner_url: &str, service: Service, migrations: EmbeddedMigrations) -> anyhow::Result<()> {
    let mut connection = AsyncPgConnection::establish(owner_url).await.context("the database cannot be reached")?;
    connection.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATING})")).await?;
    connection.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS infra; CREATE SCHEMA IF NOT EXISTS {service}")).await?;
    // The table of what has run stands in `infra`; nothing else relies on a search path.
    connection.batch_execute("SET search_path = infra").await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    for source in [INFRA, migrations] {
        harness.run_pending_migrations(source).map_err(|cause| anyhow::anyhow!("a migration of {service} failed: {cause}"))?;
    }
    let mut connection = harness.into_inner();
    connection.batch_execute(&grants(service)).await?;
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATING})")).await?;
    Ok(())
}

/// The serving role reads and writes rows; it owns nothing and changes no table.
fn grants(service: Service) -> String {
    format!(
        "GRANT USAGE ON SCHEMA infra, {service} TO mxtr_{service};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA infra, {service} TO mxtr_{service};
         REVOKE INSERT, UPDATE, DELETE ON infra.__diesel_schema_migrations FROM mxtr_{service}"
    )
}

/// Whether every migration of this binary has run. A schema that is ahead is fine: old code runs on a newer schema.
///
/// # Errors
/// The database is away.
pub async fn schema_is_current(db: &Db, migrations: EmbeddedMigrations) -> Result<bool, DbError> {
    #[derive(diesel::QueryableByName)]
    struct Ran {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let ran: Vec<Ran> = db
        .infra("schema.version", async |connection: &mut AsyncPgConnection| {
            diesel::sql_query("SELECT version FROM infra.__diesel_schema_migrations").load(connection).await.map_err(DbError::from)
        })
        .await?;
    let wanted = [INFRA, migrations].into_iter().flat_map(|source| source.migrations().unwrap_or_default());
    Ok(wanted.into_iter().all(|migration: Migration| ran.iter().any(|ran| ran.version == migration.name().version().to_string())))
}
