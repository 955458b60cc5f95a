//! The topic table: the one place where a topic's name, key, partitions, retention, writer and readers stand.

use kernel::Service;

/// A topic of the platform. Its name in a broker has the configured prefix before it.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: &'static str,
    /// What the key of a record is, in words. Never anything personal.
    pub key: &'static str,
    pub partitions: i32,
    pub cleanup: Cleanup,
    pub writer: Writer,
    pub readers: &'static [Service],
    /// Whether the writer says once a second on every partition up to when everything it recorded is published.
    pub watermarked: bool,
}

/// What becomes of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// The newest record of each key stays. Older ones go within a day; tombstones after seven.
    Compact,
    /// Records go after so many days.
    Delete { days: u32 },
}

/// Who may write. One service a topic, so that an access list proves authorship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    Service(Service),
    /// The development switch of `mxtr up`.
    Development,
    /// A person with the command line.
    Operator,
}

const fn state(name: &'static str, key: &'static str, partitions: i32, writer: Service, readers: &'static [Service]) -> Topic {
    Topic { name, key, partitions, cleanup: Cleanup::Compact, writer: Writer::Service(writer), readers, watermarked: true }
}

const fn stream(name: &'static str, key: &'static str, days: u32, writer: Service, readers: &'static [Service]) -> Topic {
    Topic { name, key, partitions: 3, cleanup: Cleanup::Delete { days }, writer: Writer::Service(writer), readers, watermarked: false }
}

/// Clients of the platform.
pub static TENANTS: Topic = state("identity.tenants", "tenant id", 1, Service::Identity, &Service::ALL);
/// API keys.
pub static PRINCIPALS: Topic = state("identity.principals", "key id", 3, Service::Identity, &Service::ALL);
/// Keys that are gone: also the list of erased ids.
pub static SHREDDED: Topic = state("keyring.shredded", "holder id", 3, Service::Keyring, &Service::ALL);
/// That a contact changed; no value.
pub static CONTACT_CHANGES: Topic = stream("contacts.changes", "subject id", 7, Service::Contacts, &[Service::Consent]);
/// What people said, the whole state of each.
pub static CONSENT_DECISIONS: Topic = state("consent.decisions", "subject id", 3, Service::Consent, &Service::ALL);
/// What is asked of the services that hold something about a person.
pub static RIGHTS_TASKS: Topic = stream("rights.tasks", "case id", 30, Service::Rights, &Service::ALL);
/// Signed heads of the audit log.
pub static CHECKPOINTS: Topic = Topic {
    name: "audit.checkpoints",
    key: "log origin",
    partitions: 1,
    cleanup: Cleanup::Delete { days: 365 },
    writer: Writer::Service(Service::Audit),
    readers: &[],
    watermarked: false,
};
/// The development clock. Exists only where the switch is on.
pub static CLOCK: Topic = Topic {
    name: "platform.clock",
    key: "clock",
    partitions: 1,
    cleanup: Cleanup::Compact,
    writer: Writer::Development,
    readers: &Service::ALL,
    watermarked: false,
};

macro_rules! of_every_service {
    ($(#[$doc:meta])* $name:ident, $table:ident, $suffix:literal, $key:literal, $days:literal, $readers:expr) => {
        static $table: [Topic; 6] = [
            stream(concat!("identity.", $suffix), $key, $days, Service::Identity, $readers),
            stream(concat!("keyring.", $suffix), $key, $days, Service::Keyring, $readers),
            stream(concat!("contacts.", $suffix), $key, $days, Service::Contacts, $readers),
            stream(concat!("consent.", $suffix), $key, $days, Service::Consent, $readers),
            stream(concat!("rights.", $suffix), $key, $days, Service::Rights, $readers),
            stream(concat!("audit.", $suffix), $key, $days, Service::Audit, $readers),
        ];

        $(#[$doc])*
        pub fn $name(service: Service) -> &'static Topic {
            $table.iter().find(|topic| topic.writer == Writer::Service(service)).expect("the table has a row for every service")
        }
    };
}

of_every_service!(
    /// A service's answers to rights tasks.
    outcomes, OUTCOMES, "outcomes", "case id", 30, &[Service::Rights]
);
of_every_service!(
    /// A service's read journal.
    reads, READS, "reads", "read id", 30, &[Service::Audit]
);
of_every_service!(
    /// What a service did, for the audit log.
    acts, ACTS, "acts", "act id", 30, &[Service::Audit]
);
of_every_service!(
    /// Which states a service decides by.
    applied, APPLIED, "applied", "key of the state", 7, &[Service::Consent]
);
of_every_service!(
    /// What a service could not handle, with the headers it came with.
    dead_letters, DEAD_LETTERS, "dlq", "key of the record", 90, &[]
);

const fn redrive(name: &'static str, readers: &'static [Service]) -> Topic {
    Topic {
        name,
        key: "key of the record",
        partitions: 1,
        cleanup: Cleanup::Delete { days: 7 },
        writer: Writer::Operator,
        readers,
        watermarked: false,
    }
}

static REDRIVES: [Topic; 6] = [
    redrive("identity.redrive", &[Service::Identity]),
    redrive("keyring.redrive", &[Service::Keyring]),
    redrive("contacts.redrive", &[Service::Contacts]),
    redrive("consent.redrive", &[Service::Consent]),
    redrive("rights.redrive", &[Service::Rights]),
    redrive("audit.redrive", &[Service::Audit]),
];

/// Dead letters of a service that it hears once more. Not the topic they came from: that has one writer and other readers, and an old state must not come
/// last in a compacted topic.
pub fn redrives(service: Service) -> &'static Topic {
    REDRIVES.iter().find(|topic| topic.readers == [service]).expect("the table has a row for every service")
}

/// Every topic there is, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Topic> {
    [&TENANTS, &PRINCIPALS, &SHREDDED, &CONTACT_CHANGES, &CONSENT_DECISIONS, &RIGHTS_TASKS, &CHECKPOINTS, &CLOCK]
        .into_iter()
        .chain(OUTCOMES.iter())
        .chain(READS.iter())
        .chain(ACTS.iter())
        .chain(APPLIED.iter())
        .chain(DEAD_LETTERS.iter())
        .chain(REDRIVES.iter())
}

/// The topics that a service writes.
pub fn written_by(service: Service) -> Vec<&'static Topic> {
    all().filter(|topic| topic.writer == Writer::Service(service)).collect()
}

/// The topic of this name, without any prefix.
pub fn by_name(name: &str) -> Option<&'static Topic> {
    all().find(|topic| topic.name == name)
}
