//! What every service's tests ask of its schema: no tenant's row without forced row-level security, and nobody serves whom it does not bind.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The tables that belong to no tenant alone. A closed list: a new one is a decision.
pub const INFRA_TABLES: [&str; 5] = ["__diesel_schema_migrations", "idempotency", "inbox", "outbox", "outbox_dead"];

/// The one policy that there is, as PostgreSQL writes it down.
const POLICY: &str = "(tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid)";

/// Tenants' tables, and the roles that serve them.
const SUBJECTS: &str = "
    tables AS (
        SELECT c.oid, n.nspname, n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced, a.attnum
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'infra')),
    roles AS (
        SELECT DISTINCT 'mxtr_' || t.nspname AS name, r.oid FROM tables t LEFT JOIN pg_roles r ON r.rolname = 'mxtr_' || t.nspname)";

/// A policy without a check of its own checks with the same words that it shows by. A second one would let in whom the first keeps out.
const UNPROTECTED: &str = "
    SELECT name || ': row-level security is not forced' AS fault FROM tables
    WHERE NOT (forced AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = tables.oid))
    UNION ALL
    SELECT t.name || ': the policy ' || p.polname || ' is not the tenant''s' FROM tables t JOIN pg_policy p ON p.polrelid = t.oid
    WHERE p.polcmd <> '*' OR p.polroles <> '{0}' OR NOT p.polpermissive OR pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM $1
       OR coalesce(pg_get_expr(p.polwithcheck, p.polrelid), $1) <> $1
    UNION ALL
    SELECT t.nspname || '.' || i.indexrelid::regclass || ': a unique key does not begin with tenant_id' FROM tables t
    JOIN pg_index i ON i.indrelid = t.oid WHERE i.indisunique AND i.indkey[0] <> t.attnum";

/// Whoever owns a table may take its protection away; whoever may become such a role counts as one.
const UNBOUND: &str = "
    SELECT name || ': there is no such role' AS fault FROM roles WHERE oid IS NULL
    UNION ALL
    SELECT DISTINCT r.name || ': is bound by no row-level security' FROM roles r JOIN pg_roles b ON pg_has_role(r.oid, b.oid, 'MEMBER')
    WHERE b.rolsuper OR b.rolbypassrls
    UNION ALL
    SELECT r.name || ': owns ' || n.nspname || '.' || c.relname FROM roles r JOIN pg_class c ON pg_has_role(r.oid, c.relowner, 'MEMBER')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')";

/// Tables with a `tenant_id` that lack forced row-level security, policies that are not the one on the transaction's tenant, unique keys that do not begin
/// with `tenant_id` (a violation would tell one tenant of another), serving roles that own a table or that no policy binds, and tables of `infra` that are
/// not in [`INFRA_TABLES`].
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
        "WITH {SUBJECTS} {UNPROTECTED} UNION ALL {UNBOUND} UNION ALL
         SELECT 'infra.' || c.relname || ': not in the closed list' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'infra' AND c.relkind = 'r' AND c.relname NOT IN ({known})
         ORDER BY fault"
    ))
    .bind::<Text, _>(POLICY)
    .load(connection)
    .await?;
    Ok(faults.into_iter().map(|row| row.fault).collect())
}
