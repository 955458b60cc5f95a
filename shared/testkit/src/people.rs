//! Tenants and keys as a service hears of them, said by the test in identity's place.

use bus::{KafkaConfig, Producer};
use events::identity::{AccessLimit, Principal, Tenant, TenantState};
use events::platform::Watermark;
use events::{Outgoing, topics};
use kernel::{Clock, PrincipalId, Service, TenantId, micros};
use privacy::{Role, bundle};
use std::time::Duration;
use web::apikey;

/// A key whose text a test holds.
#[derive(Clone)]
pub struct Key {
    pub id: PrincipalId,
    pub tenant: TenantId,
    pub text: String,
}

/// Says what other services would say, watermarks included, until it is dropped.
pub struct Platform {
    producer: Producer,
    clock: Clock,
    marking: tokio::task::JoinHandle<()>,
}

impl Platform {
    /// Speaks for every service but `alone`, the one under test.
    pub fn start(config: &KafkaConfig, clock: &Clock, alone: Service) -> Self {
        let producer = Producer::new(config, "testkit").expect("the settings fit");
        let (marks, clocks) = (producer.clone(), clock.clone());
        let marked: Vec<_> = Service::ALL
            .into_iter()
            .filter(|service| *service != alone)
            .flat_map(topics::written_by)
            .filter(|topic| topic.watermarked)
            .collect();
        let marking = tokio::spawn(async move {
            loop {
                let mark = Watermark { published_until_us: micros(Clock::real_now()) };
                let all: Vec<Outgoing> = marked
                    .iter()
                    .flat_map(|topic| (0..topic.partitions).map(|partition| (*topic, partition)))
                    .map(|(topic, partition)| Outgoing {
                        partition: Some(partition),
                        ..Outgoing::new(topic, b"watermark", TenantId::HOUSE, &clocks, &mark)
                    })
                    .collect();
                // Without a broker there is nothing to mark.
                let _kept = marks.send(&all).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Self { producer, clock: clock.clone(), marking }
    }

    /// The broker it speaks to.
    pub fn config(&self) -> &KafkaConfig {
        self.producer.config()
    }

    /// Says events.
    pub async fn say(&self, events: &[Outgoing]) {
        self.producer.send(events).await.expect("the broker keeps them");
    }

    /// Says a tenant and returns its id.
    pub async fn tenant(&self, services: &[&str]) -> TenantId {
        let id = TenantId::new(&self.clock);
        self.say(&[tenant(id, services, &self.clock)]).await;
        id
    }

    /// Says a key that may do nothing, and returns it.
    pub async fn powerless(&self, tenant: TenantId) -> Key {
        let (key, event) = limited(tenant, "developer", &privacy::AccessLimit::nothing(), &self.clock);
        self.say(&[event]).await;
        key
    }

    /// Says a key of this role and returns it.
    pub async fn key(&self, tenant: TenantId, role: &str) -> Key {
        let (key, event) = key_of(tenant, role, &self.clock);
        self.say(&[event]).await;
        key
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.marking.abort();
    }
}

/// A tenant that is active and has its privacy policy on record.
pub fn tenant(id: TenantId, services: &[&str], clock: &Clock) -> Outgoing {
    let state = Tenant {
        tenant_id: id.as_bytes().to_vec(),
        version: 1,
        state: TenantState::Active.into(),
        chosen_services: services.iter().map(|service| (*service).to_owned()).collect(),
        privacy_policy_url: "https://tenant.example/privacy".to_owned(),
        privacy_policy_version: "1".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        jurisdiction: "DE".to_owned(),
        changed_at_us: micros(clock.now()),
    };
    Outgoing::new(&topics::TENANTS, id.as_bytes(), id, clock, &state)
}

/// A key with all that its role allows, and what identity would say of it.
pub fn key_of(tenant: TenantId, role: &str, clock: &Clock) -> (Key, Outgoing) {
    limited(tenant, role, &role.parse::<Role>().expect("the policy has this role").limit(), clock)
}

fn limited(tenant: TenantId, role: &str, limit: &privacy::AccessLimit, clock: &Clock) -> (Key, Outgoing) {
    let names = |words: Vec<&str>| words.into_iter().map(ToOwned::to_owned).collect();
    let id = PrincipalId::new(clock);
    let minted = apikey::mint(id);
    let state = Principal {
        principal_id: id.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        version: 1,
        secret_sha256: minted.secret_sha256.to_vec(),
        roles: vec![role.to_owned()],
        limit: Some(AccessLimit {
            verbs: names(limit.verbs.iter().map(privacy::Verb::name).collect()),
            categories: names(limit.categories.iter().map(privacy::Category::name).collect()),
            purposes: names(limit.purposes.iter().map(privacy::Purpose::name).collect()),
        }),
        networks: Vec::new(),
        expires_at_us: 0,
        revoked_at_us: 0,
        changed_at_us: micros(clock.now()),
    };
    let event = Outgoing::new(&topics::PRINCIPALS, id.as_bytes(), tenant, clock, &state);
    (Key { id, tenant, text: minted.text.expose().to_owned() }, event)
}

/// A key of the platform's own administrator.
pub fn house_key(clock: &Clock) -> (Key, Vec<Outgoing>) {
    let services: Vec<&str> = bundle().services.iter().map(|service| service.name).collect();
    let (key, event) = key_of(TenantId::HOUSE, "house_admin", clock);
    (key, vec![tenant(TenantId::HOUSE, &services, clock), event])
}
