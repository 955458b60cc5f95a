//! What the build refuses: the real policy with one thing made wrong.

#[path = "../../build/check.rs"]
mod check;
#[path = "../../build/model.rs"]
mod model;

use privacy::{Basis, Category, RecordRole, Source, Verb};

use model::Policy;

const TOML: &str = include_str!("../../../../policy/2026-01/policy.toml");
const TEXT: &str = include_str!("../../../../policy/2026-01/policy.md");

fn policy() -> Policy {
    toml::from_str(TOML).unwrap()
}

/// The faults of the real policy after `spoil`.
fn faults(spoil: impl FnOnce(&mut Policy)) -> String {
    let mut policy = policy();
    spoil(&mut policy);
    check::faults(&policy, "2026-01", TEXT).join("\n")
}

#[track_caller]
fn assert_fault(spoil: impl FnOnce(&mut Policy), expected: &str) {
    let found = faults(spoil);
    assert!(found.contains(expected), "expected `{expected}`, found `{found}`");
}

#[test]
fn the_policy_itself_is_in_order() {
    assert_eq!(faults(|_| ()), "");
}

#[test]
fn the_builds_words_are_the_types() {
    assert!(Category::ALL.iter().map(|word| word.name()).eq(check::CATEGORIES.iter().copied()));
    assert!(Source::ALL.iter().map(|word| word.name()).eq(check::SOURCES.iter().copied()));
    assert!(Basis::ALL.iter().map(|word| word.name()).eq(check::BASES.iter().copied()));
    assert!(Verb::ALL.iter().map(|word| word.name()).eq(check::VERBS.iter().copied()));
    assert!(RecordRole::ALL.iter().map(|word| word.name()).eq(check::ROLES.iter().copied()));
}

#[test]
fn unknown_keys_are_refused() {
    let spoiled = TOML.replacen("objectable = false", "objectable = false\nsells = true", 1);
    assert!(toml::from_str::<Policy>(&spoiled).is_err());
}

#[test]
fn a_version_is_its_folder_and_its_month() {
    assert_fault(|policy| policy.version = "2026-02".into(), "version `2026-02` lies in the folder `2026-01`");
    assert_fault(|policy| policy.effective_from = "2026-02-01".into(), "is no day of the month");
    assert_fault(|policy| policy.text = "../../other.md".into(), "is no Markdown file of the folder");
}

#[test]
fn the_text_and_the_sections_are_one() {
    assert_fault(|policy| drop(policy.sections.pop()), "the headings of the text");
    assert_fault(|policy| policy.sections.swap(0, 1), "the headings of the text");
    assert_fault(|policy| policy.purposes[0].section = "nowhere".into(), "there is no section `nowhere`");
}

#[test]
fn nothing_exists_that_the_text_does_not_name() {
    assert_fault(|policy| policy.purposes[1].id = "fingerprint".into(), "purpose `fingerprint`: the text does not name it");
    assert_fault(|policy| policy.retentions[0].name = "forever".into(), "retention `forever`: the text does not name it");
    assert_fault(|policy| policy.holds[0].name = "just_in_case".into(), "hold `just_in_case`: the text does not name it");
    assert_fault(|policy| policy.roles[2].name = "guru".into(), "role `guru`: the text does not name it");
}

#[test]
fn sources_and_categories_are_closed_lists() {
    assert_fault(|policy| policy.sources.swap(0, 1), "the sources are");
    assert_fault(|policy| drop(policy.categories.pop()), "the categories are");
    assert_fault(|policy| policy.categories[0].sources.push("scraped".into()), "`scraped` is none of");
    assert_fault(|policy| policy.categories[0].roles.clear(), "has no source or no role");
}

#[test]
fn ids_are_well_formed_and_unique() {
    assert_fault(|policy| policy.purposes[1].id = "Operate".into(), "an id is lower-case");
    assert_fault(|policy| policy.purposes[1].id = "operate".into(), "purpose `operate` stands twice");
    assert_fault(|policy| policy.roles[0].verbs.push("read".into()), "`read` stands twice");
}

#[test]
fn a_basis_brings_what_it_asks_for() {
    let research = policy().purposes.iter().position(|purpose| purpose.id == "research").unwrap();
    assert_fault(|policy| policy.purposes[research].assessment = None, "a legitimate interest, and no other basis, is assessed");
    assert_fault(|policy| policy.purposes[research].objectable = false, "GDPR Article 21 makes it objectable");
    assert_fault(|policy| policy.purposes[0].objectable = true, "nobody can object to a contract");
    assert_fault(|policy| policy.purposes[0].basis = "interest".into(), "`interest` is none of");
    assert_fault(|policy| policy.purposes[6].citation = None, "cites its law");
    assert_fault(|policy| policy.purposes[6].citation = Some(" ".into()), "cites its law");
    assert_fault(|policy| policy.purposes[research].assessment.as_mut().unwrap().balance.clear(), "a part of its assessment says nothing");
    assert_fault(|policy| policy.purposes[research].assessment.as_mut().unwrap().reviewed_at = "soon".into(), "`soon` is no date");
}

#[test]
fn a_service_and_its_purpose_belong_together() {
    assert_fault(|policy| drop(policy.purposes.pop()), "service `surveys` has no purpose `client_service:surveys`");
    assert_fault(|policy| drop(policy.services.pop()), "there is no service `surveys`");
    assert_fault(|policy| policy.purposes[0].client_service = Some("sms".into()), "client_service is Some(\"sms\")");
    assert_fault(|policy| policy.purposes[15].processor_records = false, "a client service reaches the client's records");
    assert_fault(|policy| policy.services[0].channel = "pigeon".into(), "`pigeon` is none of email, sms");
    assert_fault(|policy| drop(policy.purposes.remove(0)), "decisions need the purpose `operate`");
}

#[test]
fn there_are_no_more_purposes_than_bits() {
    let spare = policy().purposes[0].clone();
    assert_fault(|policy| policy.purposes.extend((0..45).map(|_| spare.clone())), "65 purposes; there can be 1 to 64");
    assert_fault(|policy| policy.purposes.clear(), "0 purposes");
}

#[test]
fn nothing_is_held_without_a_law_or_kept_for_no_time() {
    assert_fault(|policy| policy.holds[0].citation.clear(), "cites no law");
    assert_fault(|policy| policy.holds[0].categories.clear(), "holds nothing");
    assert_fault(|policy| policy.holds[0].days = Some(0), "holds nothing");
    assert_fault(|policy| policy.retentions[1].days = Some(0), "what is kept for no day is not stored");
}

#[test]
fn roles_name_what_exists_and_staff_reach_no_contacts() {
    let house = policy().roles.iter().position(|role| role.name == "house_admin").unwrap();
    assert_fault(|policy| policy.roles[house].categories.push("imported".into()), "staff reach no client's contacts");
    assert_fault(|policy| policy.roles[1].purposes.push("anything".into()), "there is no purpose `anything`");
    assert_fault(|policy| policy.roles[1].verbs.push("fly".into()), "`fly` is none of");
    assert_fault(|policy| policy.roles[1].purposes.clear(), "can do nothing");
    assert_fault(|policy| drop(policy.roles.remove(0)), "the platform starts with the role `owner`");
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults(|policy| {
        policy.holds[0].citation.clear();
        policy.roles[1].verbs.push("fly".into());
        policy.title.clear();
    });
    assert_eq!(found.lines().count(), 3, "{found}");
}
