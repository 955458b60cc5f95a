//! What every service's tests ask of its schema: no tenant's row without forced row-level security.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The tables that belong to no tenant alone. A closed list: a new one is a decision.
pub const INFRA_TABLES: [&str; 5] = ["__diesel_schema_migrations", "idempotency", "inbox", "outbox", "outbox_dead"];

/// Tables with a `tenant_id` that lack forced row-level security or a policy, unique keys that do not begin with `tenant_id` (a violation would tell
/// one tenant of another), and tables of `infra` that are not in [`INFRA_TABLES`].
///
/// # Errors
/// The catalogue cannot be read.
pub async fn row_security_faults(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Fault {
        #[diesel(sql_type = Text)]
        fault: String,
    }
    let known = INFRA_TABLES.map(|table| format!("'{table}'")).join(", ");
    let faults: Vec<Fault> = diesel::sql_query(format!(
        "WITH tables AS (
             SELECT c.oid, n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnum,
                    EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
             WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'infra'))
         SELECT nspname || '.' || relname || ': row-level security is not forced' AS fault FROM tables
         WHERE NOT (relrowsecurity AND relforcerowsecurity AND has_policy)
         UNION ALL
         SELECT t.nspname || '.' || i.indexrelid::regclass || ': a unique key does not begin with tenant_id' FROM tables t
         JOIN pg_index i ON i.indrelid = t.oid WHERE i.indisunique AND i.indkey[0] <> t.attnum
         UNION ALL
         SELECT 'infra.' || c.relname || ': not in the closed list' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'infra' AND c.relkind = 'r' AND c.relname NOT IN ({known})
         ORDER BY fault"
    ))
    .load(connection)
    .await?;
    Ok(faults.into_iter().map(|row| row.fault).collect())
}
