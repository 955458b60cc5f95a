//! Ports, and the settings that each service is given.

use super::port;
use crate::registry::SERVED;
use bus::KafkaConfig;
use kernel::Service;
use runtime::Environment;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where everything listens, on the loopback address.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub base: u16,
    pub http: BTreeMap<Service, u16>,
    pub health: BTreeMap<Service, u16>,
    pub keyring: u16,
}

const HEALTH: u16 = 9090;

impl Addresses {
    /// Behind this base port, which is bound already: the default ports, free ones where they are taken. In one process all services share a health port.
    pub fn choose(base: u16, separate: bool) -> anyhow::Result<Self> {
        let mut taken = BTreeSet::from([base]);
        let mut next = |wanted: Option<u16>| -> anyhow::Result<u16> {
            loop {
                let chosen = match wanted.filter(|wanted| !taken.contains(wanted)) {
                    Some(wanted) => port(wanted)?,
                    None => embedded::free_port()?,
                };
                if taken.insert(chosen) {
                    return Ok(chosen);
                }
            }
        };
        let shared = next(Some(HEALTH))?;
        let mut addresses = Self { base, http: BTreeMap::new(), health: BTreeMap::new(), keyring: next(None)? };
        for service in SERVED {
            addresses.http.insert(service, next(None)?);
            let health = if separate { next(None)? } else { shared };
            addresses.health.insert(service, health);
        }
        Ok(addresses)
    }

    /// The ports of one service's own.
    pub fn of(&self, service: Service) -> Vec<u16> {
        let keys = (service == Service::Keyring).then_some(self.keyring);
        [self.http.get(&service).copied(), self.health.get(&service).copied(), keys].into_iter().flatten().collect()
    }
}

/// Our own settings, by name.
#[expect(clippy::disallowed_methods, reason = "services are handed on what they are to know of it, and nothing else")]
pub fn of_ours() -> BTreeMap<String, String> {
    std::env::vars().filter(|(name, _)| name.starts_with("MXTR_")).collect()
}

/// What a process is given: what we tell it, and of our own settings what neither is for us alone nor is told already, be it as a value or as a file.
/// So a service's own setting can be given to `mxtr up`, and one that is mistyped is refused by the service.
pub fn given(told: BTreeMap<String, String>, ours: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    fn stem(name: &str) -> &str {
        name.strip_suffix("_FILE").unwrap_or(name)
    }
    let for_us_alone = |name: &str| name == "MXTR_KAFKA_REPLICATION" || stem(name).ends_with("_OWNER_DATABASE_URL");
    let said: BTreeSet<&str> = told.keys().map(|name| stem(name)).collect();
    let handed_on = ours.iter().filter(|(name, _)| !for_us_alone(name) && !said.contains(stem(name)));
    let mut all: BTreeMap<String, String> = handed_on.map(|(name, value)| (name.clone(), value.clone())).collect();
    all.extend(told);
    all
}

/// Whether a service's database is given from outside.
pub fn database_is_given(service: Service, environment: &Environment) -> bool {
    let name = format!("MXTR_{}_DATABASE_URL", service.name().to_uppercase());
    environment.get(&name).is_some() || environment.get(&format!("{name}_FILE")).is_some()
}

/// What all services are told.
pub fn base(addresses: &Addresses, kafka: &KafkaConfig, folder: &Path, test_clock: bool) -> BTreeMap<String, String> {
    let issuer = format!("http://127.0.0.1:{}", addresses.base);
    let identity = addresses.http.get(&Service::Identity).copied().unwrap_or_default();
    let secrets = folder.join("secrets");
    let mut all: BTreeMap<String, String> = [
        ("MXTR_KAFKA_BROKERS", kafka.brokers.clone()),
        ("MXTR_KAFKA_TOPIC_PREFIX", kafka.topic_prefix.clone()),
        ("MXTR_ISSUER", issuer),
        ("MXTR_JWKS_URL", format!("http://127.0.0.1:{identity}/.well-known/jwks.json")),
        ("MXTR_KEYS_URL", format!("http://127.0.0.1:{}", addresses.keyring)),
        ("MXTR_CLOCK", if test_clock { "test" } else { "system" }.to_owned()),
        ("MXTR_KEYRING_INTERNAL_LISTEN", format!("127.0.0.1:{}", addresses.keyring)),
        ("MXTR_KEYRING_ROOTS_DIR", secrets.join("roots").display().to_string()),
        ("MXTR_KEYRING_SERVICE_TOKEN_KEYS_FILE", secrets.join("service-keys.json").display().to_string()),
        ("MXTR_IDENTITY_EVIDENCE_PUBLIC_KEYS_FILE", secrets.join("evidence-keys.json").display().to_string()),
        ("MXTR_IDENTITY_BOOTSTRAP_ADMIN_KEY_FILE", secrets.join("admin.hash").display().to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (name, file) in [
        ("MXTR_IDENTITY_TOKEN_KEY_FILE", "identity.token"),
        ("MXTR_CONSENT_RECEIPT_KEY_FILE", "consent.receipt"),
        ("MXTR_CONSENT_EVIDENCE_KEY_FILE", "consent.participant"),
        ("MXTR_CONTACTS_EVIDENCE_KEY_FILE", "contacts.participant"),
        ("MXTR_RIGHTS_CERTIFICATE_KEY_FILE", "rights.certificate"),
        ("MXTR_RIGHTS_EVIDENCE_KEY_FILE", "rights.participant"),
        ("MXTR_KEYRING_EVIDENCE_KEY_FILE", "keyring.participant"),
        ("MXTR_AUDIT_EVIDENCE_KEY_FILE", "audit.checkpoint"),
    ] {
        all.insert(name.to_owned(), secrets.join(file).display().to_string());
    }
    all
}

/// What a service is told for itself; its database's address stands in a file.
pub fn of(service: Service, addresses: &Addresses, databases: &BTreeMap<String, String>, folder: &Path) -> Vec<(String, String)> {
    let (name, secrets) = (service.name().to_uppercase(), folder.join("secrets"));
    let file = secrets.join(format!("{service}.database-url"));
    if let Some(url) = databases.get(service.name())
        && let Err(cause) = crate::state::write_private(&file, url)
    {
        // The service says what it lacks.
        eprintln!("mxtr: {cause:#}");
    }
    let http = addresses.http.get(&service).copied().unwrap_or_default();
    vec![
        (format!("MXTR_{name}_LISTEN"), format!("127.0.0.1:{http}")),
        (format!("MXTR_{name}_DATABASE_URL_FILE"), file.display().to_string()),
        (format!("MXTR_{name}_CURSOR_KEY_FILE"), secrets.join(format!("{service}.cursor")).display().to_string()),
        (format!("MXTR_{name}_SERVICE_TOKEN_FILE"), secrets.join(format!("{service}.service-token")).display().to_string()),
    ]
}
