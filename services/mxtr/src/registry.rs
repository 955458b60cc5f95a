//! The services that this binary links, each by the same few names.

use crate::cli::Exit;
use db::EmbeddedMigrations;
use kernel::Service;
use privacy::StoreRecord;
use runtime::{Environment, Runtime, load};
use utoipa::openapi::OpenApi;
use web::ServiceConfig;

/// The services that can be served, in the order in which they start.
pub const SERVED: [Service; 6] =
    [Service::Identity, Service::Keyring, Service::Contacts, Service::Consent, Service::Rights, Service::Audit];

/// The services of these names.
///
/// # Errors
/// A name is none, or the service is not in this binary.
pub fn named(names: &[String]) -> anyhow::Result<Vec<Service>> {
    if names.iter().any(|name| name == "all") {
        return Ok(SERVED.to_vec());
    }
    let parse = |name: &String| name.parse::<Service>().ok().filter(|service| SERVED.contains(service));
    names.iter().map(|name| parse(name).ok_or_else(|| Exit(2, format!("no such service here; there are {}", list())).into())).collect()
}

fn list() -> String {
    SERVED.map(Service::name).join(", ")
}

/// The settings that every service has.
///
/// # Errors
/// A setting is missing, unknown or of another type.
pub fn common(service: Service, environment: &Environment) -> anyhow::Result<ServiceConfig> {
    Ok(match service {
        Service::Identity => load::<identity::Config>(service, environment)?.common,
        Service::Keyring => load::<keyring::Config>(service, environment)?.common,
        Service::Contacts => load::<contacts::Config>(service, environment)?.common,
        Service::Consent => load::<consent::Config>(service, environment)?.common,
        Service::Audit => load::<audit::Config>(service, environment)?.common,
        Service::Rights => load::<rights::Config>(service, environment)?.common,
    })
}

/// Starts a service.
///
/// # Errors
/// A setting is wrong or an address is taken.
pub async fn start(service: Service, environment: &Environment, runtime: Runtime) -> anyhow::Result<()> {
    match service {
        Service::Identity => identity::start(load(service, environment)?, runtime).await.map(drop),
        Service::Keyring => keyring::start(load(service, environment)?, runtime).await.map(drop),
        Service::Contacts => contacts::start(load(service, environment)?, runtime).await.map(drop),
        Service::Consent => consent::start(load(service, environment)?, runtime).await.map(drop),
        Service::Audit => audit::start(load(service, environment)?, runtime).await.map(drop),
        Service::Rights => rights::start(load(service, environment)?, runtime).await.map(drop),
    }
}

/// A service's schema.
pub fn migrations(service: Service) -> EmbeddedMigrations {
    match service {
        Service::Identity => identity::MIGRATIONS,
        Service::Keyring => keyring::MIGRATIONS,
        Service::Contacts => contacts::MIGRATIONS,
        Service::Consent => consent::MIGRATIONS,
        Service::Audit => audit::MIGRATIONS,
        Service::Rights => rights::MIGRATIONS,
    }
}

/// A service's OpenAPI document.
pub fn openapi(service: Service) -> OpenApi {
    match service {
        Service::Identity => identity::openapi(),
        Service::Contacts => contacts::openapi(),
        Service::Consent => consent::openapi(),
        Service::Audit => audit::openapi(),
        Service::Keyring => keyring::openapi(),
        Service::Rights => rights::openapi(),
    }
}

/// What every service holds: the register of processing, from the types.
pub fn inventory() -> Vec<StoreRecord> {
    [identity::inventory(), keyring::inventory(), contacts::inventory(), consent::inventory(), rights::inventory(), audit::inventory()]
        .concat()
}

/// The service that owns a path: a prefix ends where a segment does.
pub fn owner(path: &str) -> Option<Service> {
    let owns = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    SERVED.into_iter().find(|service| prefixes(*service).iter().any(|prefix| owns(prefix)))
}

/// The path prefixes of a service; a prefix has one owner.
pub fn prefixes(service: Service) -> &'static [&'static str] {
    match service {
        Service::Identity => &["/.well-known", "/oauth", "/v1/tenants", "/v1/api-keys", "/v1/roles", "/v1/me"],
        Service::Contacts => &["/v1/contacts", "/v1/imports", "/v1/attestations"],
        Service::Consent => &["/v1/consents", "/v1/decisions", "/v1/receipts", "/v1/purposes", "/v1/policy"],
        Service::Audit => &["/v1/audit", "/v1/reads"],
        Service::Rights => &["/v1/cases", "/v1/contact-us", "/c"],
        Service::Keyring => &[],
    }
}
