//! The policy as Rust tables, for `src/policy.rs` to include.

use std::{fmt::Write as _, path::Path};

use super::model::{Hold, Policy, Purpose, Role};

/// The source text of all tables. Strings are written as Rust literals by `{:?}`.
pub fn tables(policy: &Policy, text: &Path) -> String {
    let mut out = String::from("// Written by build/main.rs from policy/.\n");
    constants(&mut out, "Purpose", policy.purposes.iter().map(|purpose| (&purpose.id, &purpose.says)));
    constants(&mut out, "Role", policy.roles.iter().map(|role| (&role.name, &role.says)));
    constants(&mut out, "Hold", policy.holds.iter().map(|hold| (&hold.name, &hold.text)));
    names(&mut out, "RETENTIONS", policy.retentions.iter().map(|retention| &retention.name));
    allowed(&mut out, policy);
    bundle(&mut out, policy, text);
    out
}

/// `impl Purpose { pub const OPERATE: Self = Self(0); … pub const ALL … }`
fn constants<'a>(out: &mut String, kind: &str, words: impl Iterator<Item = (&'a String, &'a String)>) {
    let names: Vec<_> = words.map(|(id, says)| (id.replace(':', "_").to_uppercase(), id, says)).collect();
    put(out, &format!("impl {kind} {{\n"));
    for (number, (name, id, says)) in names.iter().enumerate() {
        put(out, &format!("    /// `{id}`: {says}.\n    pub const {name}: Self = Self({number});\n"));
    }
    let all: Vec<_> = names.iter().map(|(name, ..)| format!("Self::{name}")).collect();
    put(
        out,
        &format!(
            "    /// Everything of this kind that the policy knows, in its order.\n    pub const ALL: [Self; {}] = [{}];\n}}\n",
            all.len(),
            all.join(", ")
        ),
    );
}

fn names<'a>(out: &mut String, table: &str, words: impl Iterator<Item = &'a String>) {
    let words: Vec<_> = words.collect();
    put(out, &format!("pub(crate) const {table}: &[&str] = &{words:?};\n"));
}

/// Which sources and roles a field of a category may have: rows in the order of `Category::ALL`.
fn allowed(out: &mut String, policy: &Policy) {
    let rows: Vec<_> = policy
        .categories
        .iter()
        .map(|category| format!("({}, {})", variants("Source", &category.sources), variants("RecordRole", &category.roles)))
        .collect();
    put(out, &format!("pub(crate) const ALLOWED: &[(&[Source], &[RecordRole])] = &[{}];\n", rows.join(", ")));
}

fn bundle(out: &mut String, policy: &Policy, text: &Path) {
    let Policy { version, title, effective_from, sections, sources, categories, services, retentions, .. } = policy;
    put(out, "pub(crate) static BUNDLE: Bundle = Bundle {\n");
    put(out, &format!("version: {version:?}, title: {title:?}, effective_from: {effective_from:?},\n"));
    put(out, &format!("text: include_str!({:?}),\n", text.display().to_string()));
    rows(out, "sections", sections, |row| format!("Section {{ id: {:?}, title: {:?} }}", row.id, row.title));
    rows(out, "sources", sources, |row| {
        format!("SourceRecord {{ source: Source::{}, says: {:?}, section: {:?} }}", variant(&row.name), row.says, row.section)
    });
    rows(out, "categories", categories, |row| {
        let (sources, roles) = (variants("Source", &row.sources), variants("RecordRole", &row.roles));
        format!(
            "CategoryRecord {{ category: Category::{}, says: {:?}, sources: {sources}, roles: {roles}, section: {:?} }}",
            variant(&row.name),
            row.says,
            row.section
        )
    });
    rows(out, "services", services, |row| {
        format!("ClientService {{ name: {:?}, channel: {:?}, says: {:?} }}", row.name, row.channel, row.says)
    });
    rows(out, "purposes", &policy.purposes, purpose);
    rows(out, "retention", retentions, |row| format!("Retention {{ name: {:?}, days: {:?}, text: {:?} }}", row.name, row.days, row.text));
    rows(out, "holds", &policy.holds, hold);
    rows(out, "roles", &policy.roles, |row| role(row, policy));
    put(out, "};\n");
}

fn purpose(row: &Purpose) -> String {
    let Purpose { id, says, basis, objectable, processor_records, section, client_service, citation, assessment } = row;
    let basis = variant(basis);
    let assessment = assessment.as_ref().map_or_else(
        || "None".to_owned(),
        |found| {
            let (interest, necessity) = (&found.interest, &found.necessity);
            let (balance, reviewed_at) = (&found.balance, &found.reviewed_at);
            format!("Some(Assessment {{ interest: {interest:?}, necessity: {necessity:?}, balance: {balance:?}, reviewed_at: {reviewed_at:?} }})")
        },
    );
    format!(
        "PurposeRecord {{ id: {id:?}, says: {says:?}, basis: Basis::{basis}, objectable: {objectable}, processor_records: {processor_records}, \
         section: {section:?}, client_service: {client_service:?}, citation: {citation:?}, assessment: {assessment} }}"
    )
}

fn hold(row: &Hold) -> String {
    format!(
        "HoldRecord {{ name: {:?}, text: {:?}, citation: {:?}, categories: CategorySet::of({}), days: {:?} }}",
        row.name,
        row.text,
        row.citation,
        variants("Category", &row.categories),
        row.days
    )
}

fn role(row: &Role, policy: &Policy) -> String {
    let wildcard = row.purposes.iter().any(|purpose| purpose == "*");
    let purposes: Vec<_> = policy
        .purposes
        .iter()
        .filter(|purpose| wildcard || row.purposes.contains(&purpose.id))
        .map(|purpose| format!("Purpose::{}", purpose.id.replace(':', "_").to_uppercase()))
        .collect();
    format!(
        "RoleRecord {{ name: {:?}, says: {:?}, limit: AccessLimit {{ verbs: VerbSet::of({}), categories: CategorySet::of({}), purposes: PurposeSet::of(&[{}]) }} }}",
        row.name,
        row.says,
        variants("Verb", &row.verbs),
        variants("Category", &row.categories),
        purposes.join(", ")
    )
}

fn rows<T>(out: &mut String, field: &str, rows: &[T], row: impl Fn(&T) -> String) {
    let rows: Vec<_> = rows.iter().map(row).collect();
    put(out, &format!("{field}: &[\n{}\n],\n", rows.join(",\n")));
}

fn variants(kind: &str, words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("{kind}::{}", variant(word))).collect();
    format!("&[{}]", words.join(", "))
}

/// `legal_obligation` → `LegalObligation`
fn variant(word: &str) -> String {
    word.split('_').filter_map(|part| part.split_at_checked(1)).map(|(first, rest)| first.to_uppercase() + rest).collect()
}

fn put(out: &mut String, text: &str) {
    out.write_str(text).expect("a string takes any text");
}
