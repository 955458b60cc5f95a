//! Each fault that a schema can have is found, and named.

use crate::world::database;
use db::{AsyncPgConnection, row_security_faults};
use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};

const OURS: &str = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid";

/// What is found after this was done to a good schema; it is undone then, roles included, and nobody else sees it.
async fn found(connection: &mut AsyncPgConnection, planted: &str) -> Vec<String> {
    connection.batch_execute(&format!("BEGIN; {planted}")).await.unwrap();
    let faults = row_security_faults(connection).await.unwrap();
    connection.batch_execute("ROLLBACK").await.unwrap();
    faults
}

#[tokio::test]
async fn a_table_that_is_not_a_tenants_own_is_found() {
    let (database, _) = database().await;
    let mut connection = AsyncPgConnection::establish(&database.superuser_url).await.unwrap();
    let unforced = "contacts.things: row-level security is not forced";
    let other = "contacts.things: the policy tenant is not the tenant's";
    let second = "contacts.things: the policy second is not the tenant's";
    let policy = |rest: &str| format!("DROP POLICY tenant ON contacts.things; CREATE POLICY tenant ON contacts.things {rest}");
    let add = |rest: &str| format!("CREATE POLICY second ON contacts.things {rest}");
    for (planted, fault) in [
        ("ALTER TABLE contacts.things NO FORCE ROW LEVEL SECURITY".to_owned(), unforced),
        ("ALTER TABLE contacts.things DISABLE ROW LEVEL SECURITY".to_owned(), unforced),
        ("DROP POLICY tenant ON contacts.things".to_owned(), unforced),
        (policy("USING (true)"), other),
        (policy("USING (tenant_id = current_setting('app.other')::uuid)"), other),
        (policy(&format!("USING ({OURS} OR value = 0)")), other),
        (policy(&format!("USING ({OURS}) WITH CHECK (true)")), other),
        (policy(&format!("FOR INSERT WITH CHECK ({OURS})")), other),
        (policy(&format!("TO mxtr_contacts USING ({OURS})")), other),
        (add("USING (true)"), second),
        (add("FOR INSERT WITH CHECK (true)"), second),
        ("CREATE TABLE contacts.more (tenant_id uuid)".to_owned(), "contacts.more: row-level security is not forced"),
        (
            "CREATE UNIQUE INDEX by_id ON contacts.things (id)".to_owned(),
            "contacts.contacts.by_id: a unique key does not begin with tenant_id",
        ),
        ("CREATE TABLE infra.more (id uuid)".to_owned(), "infra.more: not in the closed list"),
    ] {
        assert_eq!(found(&mut connection, &planted).await, [fault], "{planted}");
    }
    let same = policy(&format!("USING ({OURS}) WITH CHECK ({OURS})"));
    assert_eq!(found(&mut connection, &same).await, Vec::<String>::new(), "to say the same twice is no fault");
    assert_eq!(row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_serving_role_that_nothing_binds_is_found() {
    let (database, _) = database().await;
    let mut connection = AsyncPgConnection::establish(&database.superuser_url).await.unwrap();
    let unbound = "mxtr_contacts: is bound by no row-level security";
    let owns = |table: &str| format!("mxtr_contacts: owns {table}");
    assert_eq!(found(&mut connection, "ALTER ROLE mxtr_contacts BYPASSRLS").await, [unbound]);
    assert_eq!(found(&mut connection, "CREATE ROLE freer BYPASSRLS; GRANT freer TO mxtr_contacts").await, [unbound]);
    assert!(found(&mut connection, "ALTER ROLE mxtr_contacts SUPERUSER").await.contains(&unbound.to_owned()));
    assert_eq!(found(&mut connection, "ALTER TABLE contacts.things OWNER TO mxtr_contacts").await, [owns("contacts.things")]);
    assert_eq!(found(&mut connection, "ALTER TABLE infra.inbox OWNER TO mxtr_contacts").await, [owns("infra.inbox")]);
    let by_membership = found(&mut connection, "GRANT mxtr_contacts_owner TO mxtr_contacts").await;
    assert!(by_membership.contains(&owns("contacts.things")) && by_membership.contains(&owns("infra.outbox")), "{by_membership:?}");
    let nobody = "CREATE SCHEMA planted; CREATE TABLE planted.things (tenant_id uuid); \
        ALTER TABLE planted.things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY";
    let nobody = format!("{nobody}; CREATE POLICY tenant ON planted.things USING ({OURS})");
    assert_eq!(found(&mut connection, &nobody).await, ["mxtr_planted: there is no such role"]);
    assert_eq!(row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
}
