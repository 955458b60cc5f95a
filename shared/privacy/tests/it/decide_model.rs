//! A second model of the decision, written differently: a table of rules, asked one category at a time, over the words of the design
//! and not over the tables that the code was built from.

use privacy::{Category, CategorySet, Question, RecordRole, Stance, Verb, Withheld};

/// Purposes that reach records held for a client.
const REACHES_CLIENTS_RECORDS: &[&str] = &["operate", "audit", "legal_obligation", "security"];
/// Purposes whose basis is consent.
const NEEDS_CONSENT: &[&str] =
    &["personalize", "direct_marketing", "client_service:newsletter", "client_service:sms", "client_service:surveys"];
/// Purposes that an objection stops.
const HEEDS_OBJECTION: &[&str] = &[
    "enhance",
    "improve",
    "research",
    "security",
    "direct_marketing",
    "client_service:newsletter",
    "client_service:sms",
    "client_service:surveys",
];

/// Whether a rule bites for one category.
type Bites = fn(&Question<'_>, Category) -> bool;

/// The rules in their order; the first that bites is the reason.
const RULES: &[(&str, Bites)] = &[
    ("category-not-granted", |q, _| q.limit.verbs.iter().all(|verb| verb != q.verb)),
    ("category-not-granted", |q, category| q.limit.categories.iter().all(|granted| granted != category)),
    ("category-not-granted", |q, _| of_client(q) && q.limit.categories.iter().all(|granted| granted != Category::Imported)),
    ("purpose-not-granted", |q, _| q.limit.purposes.iter().all(|granted| granted != q.purpose)),
    ("processor-record", |q, _| of_client(q) && !is(q, REACHES_CLIENTS_RECORDS) && !of_service(q)),
    ("service-not-chosen", |q, _| of_service(q) && !q.person.service_chosen),
    ("quarantined", |q, _| q.person.quarantined && !rights_work(q) && !is(q, &["operate"])),
    ("suppressed", |q, _| q.person.suppressed && !rights_work(q) && !is(q, &["operate"])),
    ("restricted", |q, _| q.person.restricted && !rights_work(q) && !is(q, &["operate"])),
    ("restricted", |q, _| {
        q.person.restricted && is(q, &["operate"]) && [Verb::Import, Verb::Export, Verb::Share, Verb::Admin].contains(&q.verb)
    }),
    ("objected", |q, _| is(q, HEEDS_OBJECTION) && q.person.stance == Stance::Objected),
    ("consent-withdrawn", |q, _| is(q, NEEDS_CONSENT) && q.person.stance == Stance::Withdrawn),
    ("no-consent", |q, _| is(q, NEEDS_CONSENT) && q.person.stance != Stance::Given),
];

fn is(q: &Question<'_>, purposes: &[&str]) -> bool {
    purposes.contains(&q.purpose.name())
}

fn of_client(q: &Question<'_>) -> bool {
    q.person.role == RecordRole::Processor
}

fn of_service(q: &Question<'_>) -> bool {
    q.purpose.name().starts_with("client_service:")
}

fn rights_work(q: &Question<'_>) -> bool {
    q.verb == Verb::Erase || is(q, &["legal_obligation", "audit"])
}

/// For each category asked for: why it is withheld, or `None`.
pub fn verdicts(q: &Question<'_>) -> Vec<(Category, Option<Withheld>)> {
    let first = |category| RULES.iter().find(|(_, bites)| bites(q, category)).map(|(reason, _)| reason.parse().unwrap());
    q.asked.iter().map(|category| (category, first(category))).collect()
}

/// What the model allows.
pub fn allowed(q: &Question<'_>) -> CategorySet {
    verdicts(q).into_iter().filter(|(_, reason)| reason.is_none()).map(|(category, _)| category).collect()
}
