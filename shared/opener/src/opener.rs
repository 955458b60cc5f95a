//! The way to a personal value: decide, fetch the keys for what is allowed, journal, open.

use crate::keyring::{Ask, Held, Keyring, KeyringError};
use crate::recorded::Recorded;
use crate::rows::{Asking, OpenedRow, SealedRow};
use bus::{Rejected, Stale, View, Views};
use db::{Db, DbError};
use events::consent::{PersonState, Stance as Wire};
use events::identity::Tenant;
use events::keyring::{HolderKind, Shredded};
use events::platform::{ReadRecord, ReadSubject};
use events::topics;
use kernel::{ReadId, SubjectId, TenantId, micros};
use privacy::{Category, CategorySet, Decision, PersonFacts, Purpose, Question, RecordRole, Stance, decide};
use runtime::Runtime;
use seal::{Key, Place};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use web::{Auth, Problem, ServiceConfig, Slug};

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the caller's limit lacks the verb")]
    VerbNotGranted,
    #[error("the caller's limit lacks the purpose")]
    PurposeNotGranted,
    /// Facts are older than their lease.
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error("the keys could not be had")]
    Keyring(#[from] KeyringError),
    /// What cannot be journalled is not shown.
    #[error("the opening could not be journalled")]
    Journal(#[from] DbError),
    /// A value does not open although its key lives: the row was tampered with, or moved.
    #[error("a sealed value of {store} does not open")]
    Unopenable { store: &'static str },
}

impl OpenError {
    pub fn problem(&self) -> Problem {
        match self {
            Self::VerbNotGranted => Problem::forbidden("verb-not-granted"),
            Self::PurposeNotGranted => Problem::forbidden("purpose-not-granted"),
            Self::Stale(_) => Problem::new(Slug::VIEW_STALE),
            Self::Keyring(KeyringError::Unavailable) => Problem::new(Slug::UNAVAILABLE),
            Self::Keyring(KeyringError::Budget) => Problem::new(Slug::TOO_MANY).retry_after(10),
            Self::Keyring(KeyringError::Refused | KeyringError::Unreadable) | Self::Unopenable { .. } => Problem::internal(self),
            Self::Journal(cause) => Problem::of_database(cause),
        }
    }
}

impl From<KeyringError> for Rejected {
    /// Keyring is away, busy, or speaks as another version does: all of that passes.
    fn from(cause: KeyringError) -> Self {
        Self::Retry(cause.into())
    }
}

impl From<OpenError> for Rejected {
    /// Whether waiting helps: what does not open now never will.
    fn from(cause: OpenError) -> Self {
        match cause {
            OpenError::Stale(_) | OpenError::Keyring(_) | OpenError::Journal(_) => Self::Retry(cause.into()),
            OpenError::VerbNotGranted | OpenError::PurposeNotGranted | OpenError::Unopenable { .. } => Self::Poison(cause.into()),
        }
    }
}

/// Opens personal values for a service.
#[derive(Clone)]
pub struct Opener {
    keyring: Keyring,
    people: Arc<View<PersonState>>,
    tenants: Arc<View<Tenant>>,
    shredded: Arc<View<Shredded>>,
    lease_people: Duration,
    lease_tenants: Duration,
    db: Db,
}

impl Opener {
    /// Adds its views to the service's.
    ///
    /// # Errors
    /// The client of keyring cannot be made.
    pub fn start(runtime: &Runtime, config: &ServiceConfig, views: &mut Views, auth: &Auth, db: &Db) -> anyhow::Result<Self> {
        let shredded = views.add(&topics::SHREDDED);
        Ok(Self {
            keyring: Keyring::start(runtime, config, shredded.clone())?,
            people: views.add(&topics::CONSENT_DECISIONS),
            tenants: auth.tenants().clone(),
            shredded,
            lease_people: Duration::from_secs(config.lease_people_seconds),
            lease_tenants: Duration::from_secs(config.lease_principals_seconds),
            db: db.clone(),
        })
    }

    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What people said.
    pub fn people(&self) -> &Arc<View<PersonState>> {
        &self.people
    }

    pub fn tenants(&self) -> &Arc<View<Tenant>> {
        &self.tenants
    }

    /// Whose keys are gone.
    pub fn shredded(&self) -> &Arc<View<Shredded>> {
        &self.shredded
    }

    pub fn is_erased(&self, subject: SubjectId) -> bool {
        self.shredded.get(subject.as_bytes()).is_some()
    }

    /// Whether what is known is young enough to decide on.
    ///
    /// # Errors
    /// [`Stale`] names the first topic that is not.
    pub fn fresh(&self) -> Result<(), Stale> {
        self.people.fresh(self.lease_people)?;
        self.shredded.fresh(self.lease_people)?;
        self.tenants.fresh(self.lease_tenants)
    }

    /// What holds for a person and a purpose, as far as this service has heard.
    pub fn facts(&self, tenant: TenantId, subject: SubjectId, purpose: Purpose, role: RecordRole) -> PersonFacts {
        let state = self.people.get(subject.as_bytes());
        let stance = state.as_ref().map_or(Stance::None, |state| stance(state, purpose));
        PersonFacts {
            role,
            stance,
            restricted: state.as_ref().is_some_and(|state| state.restricted),
            suppressed: state.as_ref().is_some_and(|state| state.suppressed),
            quarantined: false,
            service_chosen: self.has_chosen(tenant, purpose),
        }
    }

    /// Whether the purpose is no client service, or one that the tenant has chosen.
    fn has_chosen(&self, tenant: TenantId, purpose: Purpose) -> bool {
        let Some(service) = purpose.client_service() else { return true };
        self.tenants.get(tenant.as_bytes()).is_some_and(|tenant| tenant.chosen_services.iter().any(|chosen| chosen == service))
    }

    /// Opens what may be seen of these rows, after it stands in the journal. Erased people's rows are left out.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is opened then.
    pub async fn open(&self, asking: &Asking<'_>, rows: Vec<SealedRow>) -> Result<Recorded<Vec<OpenedRow>>, OpenError> {
        self.fresh()?;
        let decided: Vec<(SealedRow, Decision)> = rows
            .into_iter()
            .filter(|row| !self.is_erased(row.subject))
            .map(|row| {
                let decision = self.decide(asking, &row);
                (row, decision)
            })
            .collect();
        let keyed = self.keys(asking, decided).await?;
        self.journal(asking, &keyed).await?;
        let opened: Result<Vec<OpenedRow>, OpenError> = keyed.into_iter().map(|row| row.open(asking.tenant)).collect();
        opened.map(Recorded::new)
    }

    fn decide(&self, asking: &Asking<'_>, row: &SealedRow) -> Decision {
        let asked: CategorySet = row.blobs.iter().map(|(category, _)| *category).chain(row.clear.iter()).collect();
        let facts = self.facts(asking.tenant, row.subject, asking.purpose, row.role);
        let person = PersonFacts { quarantined: row.quarantined, suppressed: facts.suppressed || row.suppressed, ..facts };
        decide(&Question { limit: asking.limit, verb: asking.verb, purpose: asking.purpose, asked, person })
    }

    /// Fetches the keys for what is allowed: one request for all rows that are allowed the same.
    async fn keys(&self, asking: &Asking<'_>, rows: Vec<(SealedRow, Decision)>) -> Result<Vec<Keyed>, OpenError> {
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, (row, decision)) in rows.iter().enumerate() {
            groups.entry(sealed(row, decision).bits()).or_default().push(at);
        }
        let mut keyed: Vec<Option<(Vec<Category>, Vec<Key>)>> = rows.iter().map(|_| None).collect();
        for members in groups.into_values() {
            let Some((row, decision)) = members.first().and_then(|first| rows.get(*first)) else { continue };
            let categories: Vec<Category> = sealed(row, decision).iter().collect();
            let mut subkeys: Vec<String> = categories.iter().map(|category| category.name().to_owned()).collect();
            subkeys.push("audit".to_owned());
            let ask = Ask { tenant: asking.tenant, kind: HolderKind::Subject, subkeys, purpose: asking.purpose, verb: asking.verb };
            let holders: Vec<_> = members.iter().filter_map(|at| rows.get(*at)).map(|(row, _)| row.subject.uuid()).collect();
            for (at, held) in members.iter().zip(self.keyring.release(&ask, &holders).await?) {
                if let (Held::Live(keys), Some(place)) = (held, keyed.get_mut(*at)) {
                    *place = Some((categories.clone(), keys));
                }
            }
        }
        let live = rows.into_iter().zip(keyed).filter_map(|((row, decision), keys)| {
            let (categories, mut keys) = keys?;
            let audit = keys.pop()?;
            Some(Keyed { row, decision, keys: categories.into_iter().zip(keys).collect(), audit })
        });
        Ok(live.collect())
    }

    async fn journal(&self, asking: &Asking<'_>, rows: &[Keyed]) -> Result<(), OpenError> {
        if rows.is_empty() {
            return Ok(());
        }
        let subjects = rows.iter().map(|row| ReadSubject {
            commitment: seal::index::commitment(&row.audit, row.row.subject).to_vec(),
            opened: row.decision.allowed().bits(),
            withheld: row.decision.withheld().iter().fold(0, |bits, (categories, _)| bits | categories.bits()),
        });
        self.record(asking, subjects.collect()).await
    }

    /// Puts an opening on record. Nothing is opened before this has returned.
    pub(crate) async fn record(&self, asking: &Asking<'_>, subjects: Vec<ReadSubject>) -> Result<(), OpenError> {
        let clock = self.db.clock();
        let record = ReadRecord {
            read_id: ReadId::new(clock).as_bytes().to_vec(),
            tenant_id: asking.tenant.as_bytes().to_vec(),
            principal_id: asking.principal.as_bytes().to_vec(),
            service: self.db.runtime().service().name().to_owned(),
            operation: asking.operation.to_owned(),
            purpose: asking.purpose.name().to_owned(),
            verb: asking.verb.name().to_owned(),
            subjects,
            read_at_us: micros(clock.now()),
            trace_id: runtime::telemetry::trace_id().to_vec(),
            policy_version: privacy::bundle().version.to_owned(),
        };
        Ok(self.db.journal().record(asking.tenant, &record).await?)
    }
}

/// The categories that are both allowed and sealed in this row.
fn sealed(row: &SealedRow, decision: &Decision) -> CategorySet {
    row.blobs.iter().map(|(category, _)| *category).collect::<CategorySet>().intersection(decision.allowed())
}

/// What was said about a purpose.
fn stance(state: &PersonState, purpose: Purpose) -> Stance {
    let said = state.purposes.iter().find(|said| said.purpose == purpose.name()).map(events::consent::PurposeState::stance);
    match said {
        None | Some(Wire::Unspecified) => Stance::None,
        Some(Wire::Given) => Stance::Given,
        Some(Wire::Refused) => Stance::Refused,
        Some(Wire::Withdrawn) => Stance::Withdrawn,
        Some(Wire::Objected) => Stance::Objected,
    }
}

/// A row with the keys to what may be seen of it.
struct Keyed {
    row: SealedRow,
    decision: Decision,
    keys: Vec<(Category, Key)>,
    audit: Key,
}

impl Keyed {
    #[expect(clippy::disallowed_methods, reason = "the one place; what it opens is recorded before it is answered")]
    fn open(self, tenant: TenantId) -> Result<OpenedRow, OpenError> {
        let SealedRow { subject, store, row, blobs, .. } = self.row;
        let mut opened = Vec::with_capacity(self.keys.len());
        for (category, key) in &self.keys {
            for (_, blob) in blobs.iter().filter(|(of, _)| of == category) {
                let place = Place { tenant, holder: subject.uuid(), store, row, category: category.name() };
                opened.push((*category, seal::open(key, &place, blob).map_err(|_| OpenError::Unopenable { store })?));
            }
        }
        Ok(OpenedRow { subject, row, decision: self.decision, blobs: opened })
    }
}
