//! Roles, databases and schemas: made as the superuser, owned by a role of their own, served by one that owns nothing.

use super::environment::database_is_given;
use super::secrets::Secrets;
use crate::registry::{SERVED, migrations};
use anyhow::Context as _;
use kernel::Service;
use runtime::Environment;
use std::collections::BTreeMap;
use tokio_postgres::{Client, NoTls};

/// Brings every database up to date; says where each is, as the role that serves.
pub async fn prepare(
    superuser_url: Option<&str>,
    secrets: &Secrets,
    environment: &Environment,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut databases = BTreeMap::new();
    for service in SERVED {
        let url = match superuser_url {
            Some(superuser) => ours(superuser, service, secrets).await?,
            None => given(service, environment).await?,
        };
        databases.insert(service.name().to_owned(), url);
    }
    Ok(databases)
}

async fn ours(superuser: &str, service: Service, secrets: &Secrets) -> anyhow::Result<String> {
    let client = connect(superuser).await?;
    let place = superuser
        .rsplit_once('@')
        .and_then(|(_, place)| place.split_once('/'))
        .map(|(place, _)| place)
        .context("the address names a place")?;
    let address = |role: &str, password: &str| format!("postgres://{role}:{password}@{place}/mxtr_{service}");
    let roles = [
        (format!("mxtr_{service}_owner"), secrets.text(&format!("{service}.owner"))?),
        (format!("mxtr_{service}"), secrets.text(&format!("{service}.database"))?),
    ];
    for (role, password) in &roles {
        // Hex and names of ours: nothing in them ends the literal.
        let known = client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[role]).await?.is_some();
        let verb = if known { "ALTER" } else { "CREATE" };
        client.batch_execute(&format!("{verb} ROLE {role} LOGIN PASSWORD '{password}' NOSUPERUSER NOBYPASSRLS")).await?;
    }
    let name = format!("mxtr_{service}");
    if client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await?.is_none() {
        client.batch_execute(&format!("CREATE DATABASE {name} OWNER mxtr_{service}_owner")).await?;
    }
    let [(owner, owner_password), (role, password)] = &roles;
    let schema = migrations(service);
    db::migrate(&address(owner, owner_password), service, schema).await?;
    Ok(address(role, password))
}

/// A database from outside is migrated by whoever owns it, unless the owner's address is given too.
async fn given(service: Service, environment: &Environment) -> anyhow::Result<String> {
    anyhow::ensure!(
        database_is_given(service, environment),
        "where one database is given, all are: MXTR_{}_DATABASE_URL is missing",
        service.name().to_uppercase()
    );
    let read = |name: String| -> anyhow::Result<Option<String>> {
        Ok(match (environment.get(&name), environment.get(&format!("{name}_FILE"))) {
            (Some(url), _) => Some(url.to_owned()),
            (None, Some(file)) => Some(std::fs::read_to_string(file)?.trim().to_owned()),
            (None, None) => None,
        })
    };
    let upper = service.name().to_uppercase();
    if let Some(owner) = read(format!("MXTR_{upper}_OWNER_DATABASE_URL"))? {
        db::migrate(&owner, service, migrations(service)).await?;
    }
    read(format!("MXTR_{upper}_DATABASE_URL"))?.context("the address was there a moment ago")
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL cannot be reached")?;
    tokio::spawn(async move {
        // Ends with the client.
        let _ended = connection.await;
    });
    Ok(client)
}
