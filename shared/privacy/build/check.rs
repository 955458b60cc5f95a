//! What a policy has to keep to before it becomes code. Every fault is found, not the first alone.

use std::{collections::BTreeSet, ffi::OsStr, path::Path};

use super::model::{Assessment, Policy, Purpose};

/// The words that are types in `src/`, in their order; a test compares the two.
pub const CATEGORIES: &[&str] = &[
    "preferences",
    "identifiers",
    "technical",
    "geographics",
    "traffic",
    "personal",
    "business",
    "billing",
    "public",
    "imported",
    "derived",
];
pub const SOURCES: &[&str] = &["device", "usage", "direct", "provider", "public", "client", "derived"];
pub const BASES: &[&str] = &["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"];
pub const VERBS: &[&str] = &["read", "write", "import", "export", "share", "erase", "admin"];
pub const ROLES: &[&str] = &["controller", "processor"];
const CHANNELS: &[&str] = &["email", "sms"];

/// A set of purposes is 64 bits.
const MOST_PURPOSES: usize = 64;

/// What is wrong with `policy`, which lies in the folder `folder` beside its `text`. Empty when nothing is.
pub fn faults(policy: &Policy, folder: &str, text: &str) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    head(&mut faults, policy, folder);
    sections(&mut faults, policy, text);
    words(&mut faults, policy, text);
    purposes(&mut faults, policy, text);
    retention(&mut faults, policy, text);
    holds(&mut faults, policy, text);
    roles(&mut faults, policy, text);
    faults.0
}

/// The list of faults, with the checks that every table needs.
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.0.push(fault());
        }
    }

    /// Ids are not empty, of the right signs, and each stands once.
    fn ids<'a>(&mut self, table: &str, ids: impl Iterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for id in ids {
            self.unless(well_formed(id), || format!("{table} `{id}`: an id is lower-case letters, digits and `_`"));
            self.unless(seen.insert(id), || format!("{table} `{id}` stands twice"));
        }
    }

    /// Every word is one of the known.
    fn known(&mut self, place: &str, words: &[String], known: &[&str]) {
        self.ids(place, words.iter());
        for word in words {
            self.unless(known.contains(&word.as_str()), || format!("{place}: `{word}` is none of {}", known.join(", ")));
        }
    }

    /// People can read of it: the text names it as `name`.
    fn told(&mut self, table: &str, name: &str, text: &str) {
        self.unless(text.contains(&format!("`{name}`")), || format!("{table} `{name}`: the text does not name it"));
    }

    fn said(&mut self, place: &str, says: &str) {
        self.unless(!says.trim().is_empty(), || format!("{place} says nothing"));
    }

    fn section(&mut self, place: &str, section: &str, policy: &Policy) {
        let known = policy.sections.iter().any(|known| known.id == section);
        self.unless(known, || format!("{place}: there is no section `{section}`"));
    }
}

fn well_formed(id: &str) -> bool {
    let id = id.strip_prefix("client_service:").unwrap_or(id);
    id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `2026-01-31`, by shape.
fn is_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

fn head(faults: &mut Faults, policy: &Policy, folder: &str) {
    let version = &policy.version;
    faults.unless(version == folder, || format!("version `{version}` lies in the folder `{folder}`"));
    let day = &policy.effective_from;
    faults.unless(is_date(day) && day.starts_with(version.as_str()), || format!("effective_from `{day}` is no day of the month {version}"));
    faults.said("title", &policy.title);
    let file = &policy.text;
    faults.unless(Path::new(file).extension() == Some(OsStr::new("md")) && !file.contains('/'), || {
        format!("text `{file}` is no Markdown file of the folder")
    });
}

/// Each section is a heading of the text, `## Title {#id}`, in the same order, and the other way round.
fn sections(faults: &mut Faults, policy: &Policy, text: &str) {
    faults.ids("section", policy.sections.iter().map(|section| &section.id));
    let headings: Vec<_> = text.lines().filter(|line| line.starts_with("## ")).collect();
    let expected: Vec<_> = policy.sections.iter().map(|section| format!("## {} {{#{}}}", section.title, section.id)).collect();
    faults.unless(headings == expected, || format!("the headings of the text {headings:?} are not the sections {expected:?}"));
}

fn words(faults: &mut Faults, policy: &Policy, text: &str) {
    let sources: Vec<_> = policy.sources.iter().map(|source| source.name.as_str()).collect();
    faults.unless(sources == SOURCES, || format!("the sources are {SOURCES:?} in this order, not {sources:?}"));
    for source in &policy.sources {
        faults.section(&format!("source `{}`", source.name), &source.section, policy);
        faults.said(&format!("source `{}`", source.name), &source.says);
        faults.told("source", &source.name, text);
    }
    let categories: Vec<_> = policy.categories.iter().map(|category| category.name.as_str()).collect();
    faults.unless(categories == CATEGORIES, || format!("the categories are {CATEGORIES:?} in this order, not {categories:?}"));
    for category in &policy.categories {
        let place = format!("category `{}`", category.name);
        faults.known(&place, &category.sources, SOURCES);
        faults.known(&place, &category.roles, ROLES);
        faults.unless(!category.sources.is_empty() && !category.roles.is_empty(), || format!("{place} has no source or no role"));
        faults.section(&place, &category.section, policy);
        faults.said(&place, &category.says);
        faults.told("category", &category.name, text);
    }
}

fn purposes(faults: &mut Faults, policy: &Policy, text: &str) {
    let count = policy.purposes.len();
    faults.unless((1..=MOST_PURPOSES).contains(&count), || format!("{count} purposes; there can be 1 to {MOST_PURPOSES}"));
    faults.ids("purpose", policy.purposes.iter().map(|purpose| &purpose.id));
    for id in ["operate", "audit", "legal_obligation"] {
        let there = policy.purposes.iter().any(|purpose| purpose.id == id);
        faults.unless(there, || format!("decisions need the purpose `{id}`"));
    }
    faults.ids("service", policy.services.iter().map(|service| &service.name));
    for service in &policy.services {
        let place = format!("service `{}`", service.name);
        faults.known(&place, std::slice::from_ref(&service.channel), CHANNELS);
        faults.said(&place, &service.says);
        let purpose = format!("client_service:{}", service.name);
        let there = policy.purposes.iter().any(|known| known.id == purpose);
        faults.unless(there, || format!("{place} has no purpose `{purpose}`"));
    }
    for purpose in &policy.purposes {
        faults.section(&format!("purpose `{}`", purpose.id), &purpose.section, policy);
        faults.told("purpose", &purpose.id, text);
        faults.said(&format!("purpose `{}`", purpose.id), &purpose.says);
        basis(faults, purpose);
        client_service(faults, purpose, policy);
    }
}

/// What each basis asks for: a law, a weighing, the right to object.
fn basis(faults: &mut Faults, purpose: &Purpose) {
    let Purpose { id, basis, objectable, citation, assessment, .. } = purpose;
    faults.unless(BASES.contains(&basis.as_str()), || format!("purpose `{id}`: `{basis}` is none of {}", BASES.join(", ")));
    let weighed = basis == "legitimate_interest";
    let cites = basis == "legal_obligation";
    let article_21 = weighed || basis == "public_task";
    faults.unless(assessment.is_some() == weighed, || format!("purpose `{id}`: a legitimate interest, and no other basis, is assessed"));
    faults.unless(citation.as_ref().is_some_and(|law| !law.trim().is_empty()) == cites, || {
        format!("purpose `{id}`: a legal obligation, and no other basis, cites its law")
    });
    faults.unless(*objectable || !article_21, || format!("purpose `{id}`: GDPR Article 21 makes it objectable"));
    faults.unless(!*objectable || article_21 || basis == "consent", || format!("purpose `{id}`: nobody can object to a {basis}"));
    if let Some(Assessment { interest, necessity, balance, reviewed_at }) = assessment {
        for part in [interest, necessity, balance] {
            faults.said(&format!("purpose `{id}`: a part of its assessment"), part);
        }
        faults.unless(is_date(reviewed_at), || format!("purpose `{id}`: `{reviewed_at}` is no date"));
    }
}

/// A purpose of a client service is called by it and reaches the client's records.
fn client_service(faults: &mut Faults, purpose: &Purpose, policy: &Policy) {
    let (id, named) = (&purpose.id, purpose.client_service.as_deref());
    faults.unless(id.strip_prefix("client_service:") == named, || format!("purpose `{id}`: client_service is {named:?}"));
    let Some(service) = named else { return };
    let known = policy.services.iter().any(|known| known.name == service);
    faults.unless(known, || format!("purpose `{id}`: there is no service `{service}`"));
    faults.unless(purpose.processor_records, || format!("purpose `{id}`: a client service reaches the client's records"));
}

fn retention(faults: &mut Faults, policy: &Policy, text: &str) {
    faults.ids("retention", policy.retentions.iter().map(|rule| &rule.name));
    for rule in &policy.retentions {
        let place = format!("retention `{}`", rule.name);
        faults.unless(rule.days != Some(0), || format!("{place}: what is kept for no day is not stored"));
        faults.said(&place, &rule.text);
        faults.told("retention", &rule.name, text);
    }
}

fn holds(faults: &mut Faults, policy: &Policy, text: &str) {
    faults.ids("hold", policy.holds.iter().map(|hold| &hold.name));
    for hold in &policy.holds {
        let place = format!("hold `{}`", hold.name);
        faults.said(&place, &hold.text);
        faults.unless(!hold.citation.trim().is_empty(), || format!("{place} cites no law"));
        faults.unless(!hold.categories.is_empty() && hold.days != Some(0), || format!("{place} holds nothing"));
        faults.known(&place, &hold.categories, CATEGORIES);
        faults.told("hold", &hold.name, text);
    }
}

fn roles(faults: &mut Faults, policy: &Policy, text: &str) {
    faults.ids("role", policy.roles.iter().map(|role| &role.name));
    let mut purposes: Vec<_> = policy.purposes.iter().map(|purpose| purpose.id.as_str()).collect();
    purposes.push("*");
    for role in &policy.roles {
        let place = format!("role `{}`", role.name);
        faults.known(&place, &role.verbs, VERBS);
        faults.known(&place, &role.categories, CATEGORIES);
        for purpose in &role.purposes {
            faults.unless(purposes.contains(&purpose.as_str()), || format!("{place}: there is no purpose `{purpose}`"));
        }
        faults.unless(!role.verbs.is_empty() && !role.purposes.is_empty(), || format!("{place} can do nothing"));
        let of_house = role.name.starts_with("house_");
        faults.unless(!of_house || !role.categories.iter().any(|category| category == "imported"), || {
            format!("{place}: staff reach no client's contacts by their role")
        });
        faults.said(&place, &role.says);
        faults.told("role", &role.name, text);
    }
    for name in ["owner", "house_admin"] {
        faults.unless(policy.roles.iter().any(|role| role.name == name), || format!("the platform starts with the role `{name}`"));
    }
}
