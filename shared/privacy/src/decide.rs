//! The decision: may this caller have these categories of this person's data, for this purpose, now?

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{AccessLimit, Basis, Category, CategorySet, CategoryTag, Hold, Opened, Purpose, RecordRole, Stance, Verb};

/// All that a decision depends on. Nothing else may.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The most the caller may do: key, token and role, already narrowed to one.
    pub limit: &'a AccessLimit,
    /// What the caller does.
    pub verb: Verb,
    /// What for.
    pub purpose: Purpose,
    /// The categories that the operation would show.
    pub asked: CategorySet,
    /// Where the person stands.
    pub person: PersonFacts,
}

/// What is known of a person and their record at the moment of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that do not depend on each other, not the states of one machine")]
pub struct PersonFacts {
    /// Whose record it is.
    pub role: RecordRole,
    /// Where the person stands towards the purpose asked.
    pub stance: Stance,
    /// Processing is restricted (GDPR Article 18).
    pub restricted: bool,
    /// The person asked to be left alone.
    pub suppressed: bool,
    /// The record waits for a provider's assurance.
    pub quarantined: bool,
    /// The client has chosen the service that the purpose belongs to; of no matter for other purposes.
    pub service_chosen: bool,
}

/// Decides. Pure and total: the same question has the same answer everywhere, and every question has one.
///
/// A category is allowed when nothing below bites. The first that bites is the reason:
///
/// 1. `category-not-granted`: not in the limit. A processor's record needs `imported` in the limit too, and a verb outside the limit grants nothing.
/// 2. `purpose-not-granted`: the purpose is not in the limit.
/// 3. `processor-record`: one of the platform's own purposes, and a record that is held for a client.
/// 4. `service-not-chosen`: the purpose of a service that the client has not chosen.
/// 5. `quarantined`, 6. `suppressed`, 7. `restricted`: but for rights work (the verb `erase`, the purposes `legal_obligation` and
///    `audit`); and `operate` passes the first two, and the third for `read` and `write`.
/// 8. `objected`: where the purpose can be objected to.
/// 9. `consent-withdrawn`, `no-consent`: where the basis is consent and the person's stance is not `given`.
pub fn decide(q: &Question<'_>) -> Decision {
    let granted = granted(q);
    let reached = q.asked.intersection(granted);
    let refused = q.asked.minus(granted);
    let why = reason(q);
    let mut withheld = Vec::new();
    if !refused.is_empty() {
        withheld.push((refused, Withheld::CategoryNotGranted));
    }
    if let Some(why) = why
        && !reached.is_empty()
    {
        withheld.push((reached, why));
    }
    let allowed = if why.is_none() { reached } else { CategorySet::EMPTY };
    Decision { allowed, withheld }
}

/// The categories that the limit grants for this verb on a record of this role.
fn granted(q: &Question<'_>) -> CategorySet {
    let out_of_reach = q.person.role == RecordRole::Processor && !q.limit.categories.contains(Category::Imported);
    if out_of_reach || !q.limit.allows(q.verb) { CategorySet::EMPTY } else { q.limit.categories }
}

/// What stands against the whole question, whatever the category.
fn reason(q: &Question<'_>) -> Option<Withheld> {
    if !q.limit.purposes.contains(q.purpose) {
        return Some(Withheld::PurposeNotGranted);
    }
    if q.person.role == RecordRole::Processor && !q.purpose.reaches_processor_records() {
        return Some(Withheld::ProcessorRecord);
    }
    if q.purpose.client_service().is_some() && !q.person.service_chosen {
        return Some(Withheld::ServiceNotChosen);
    }
    state_of_record(q).or_else(|| will_of_person(q))
}

fn state_of_record(q: &Question<'_>) -> Option<Withheld> {
    let rights_work = q.verb == Verb::Erase || [Purpose::LEGAL_OBLIGATION, Purpose::AUDIT].contains(&q.purpose);
    if rights_work {
        return None;
    }
    let operates = q.purpose == Purpose::OPERATE;
    let handles = operates && matches!(q.verb, Verb::Read | Verb::Write);
    match q.person {
        PersonFacts { quarantined: true, .. } if !operates => Some(Withheld::Quarantined),
        PersonFacts { suppressed: true, .. } if !operates => Some(Withheld::Suppressed),
        PersonFacts { restricted: true, .. } if !handles => Some(Withheld::Restricted),
        _ => None,
    }
}

fn will_of_person(q: &Question<'_>) -> Option<Withheld> {
    if q.purpose.objectable() && q.person.stance == Stance::Objected {
        return Some(Withheld::Objected);
    }
    if q.purpose.basis() != Basis::Consent {
        return None;
    }
    match q.person.stance {
        Stance::Given => None,
        Stance::Withdrawn => Some(Withheld::ConsentWithdrawn),
        Stance::None | Stance::Refused | Stance::Objected => Some(Withheld::NoConsent),
    }
}

/// What was decided: which categories may be shown, and why the others may not. Only [`decide`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    allowed: CategorySet,
    withheld: Vec<(CategorySet, Withheld)>,
}

impl Decision {
    /// The categories that may be shown; always some of those asked for.
    pub fn allowed(&self) -> CategorySet {
        self.allowed
    }

    /// The other categories that were asked for, each once, with the reason.
    pub fn withheld(&self) -> &[(CategorySet, Withheld)] {
        &self.withheld
    }

    /// The right to open values of category `C` in the record that was asked about; `None` when it is withheld or was not asked for.
    pub fn opened<C: CategoryTag>(&self) -> Option<Opened<C>> {
        self.allowed.contains(C::CATEGORY).then(Opened::granted)
    }
}

/// Why something is not shown: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// The caller's limit lacks the category, `imported` for a processor's record, or the verb.
    CategoryNotGranted,
    /// The caller's limit lacks the purpose.
    PurposeNotGranted,
    /// The register has no such purpose. Never decided here, where a [`Purpose`] is proof: it is the answer to text that names none.
    PurposeNotRegistered,
    /// Consent is needed and was not given.
    NoConsent,
    /// Consent was given once and withdrawn.
    ConsentWithdrawn,
    /// The person objected.
    Objected,
    /// Processing is restricted.
    Restricted,
    /// The person asked to be left alone.
    Suppressed,
    /// The record waits for a provider's assurance.
    Quarantined,
    /// The client has not chosen the service.
    ServiceNotChosen,
    /// The record is a client's, and the purpose is the platform's own.
    ProcessorRecord,
    /// Erasure was asked for, and a law keeps this for one ground alone. Decided by the rights case, not here.
    HeldFor(Hold),
}

/// Not a reason for withholding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a reason for withholding")]
pub struct UnknownReason;

impl Withheld {
    /// The reasons that need no ground, in the order of `docs/api.md`.
    const PLAIN: [(Self, &'static str); 11] = [
        (Self::CategoryNotGranted, "category-not-granted"),
        (Self::PurposeNotGranted, "purpose-not-granted"),
        (Self::PurposeNotRegistered, "purpose-not-registered"),
        (Self::NoConsent, "no-consent"),
        (Self::ConsentWithdrawn, "consent-withdrawn"),
        (Self::Objected, "objected"),
        (Self::Restricted, "restricted"),
        (Self::Suppressed, "suppressed"),
        (Self::Quarantined, "quarantined"),
        (Self::ServiceNotChosen, "service-not-chosen"),
        (Self::ProcessorRecord, "processor-record"),
    ];

    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::PLAIN.into_iter().map(|(reason, _)| reason).chain(Hold::ALL.into_iter().map(Self::HeldFor))
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::HeldFor(ground) = self {
            return write!(f, "held-for:{ground}");
        }
        let (_, name) = Self::PLAIN.iter().find(|(reason, _)| reason == self).expect("every other reason is plain");
        f.write_str(name)
    }
}

impl FromStr for Withheld {
    type Err = UnknownReason;
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        if let Some(ground) = text.strip_prefix("held-for:") {
            return ground.parse().map(Self::HeldFor).map_err(|_| UnknownReason);
        }
        let plain = Self::PLAIN.iter().find(|(_, name)| *name == text);
        plain.map(|(reason, _)| *reason).ok_or(UnknownReason)
    }
}

impl Serialize for Withheld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Withheld {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for Withheld {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Self::all().map(|reason| reason.to_string())))
            .into()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for Withheld {}
