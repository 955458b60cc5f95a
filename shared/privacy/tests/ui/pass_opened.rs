//! What is meant to compile does.
use privacy::{Category, Decision, Personal, PersonalData, category};

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
pub struct Row {
    #[data(not_personal = "row version")]
    pub version: i64,
    #[data(category = personal, sources(client, direct), roles(controller, processor), retention = "relationship", sealed)]
    pub name: Vec<u8>,
}

pub fn greet(name: &Personal<category::Personal, String>, decision: &Decision) -> Option<String> {
    decision.opened().map(|opened| format!("Dear {}", name.open(&opened)))
}

fn main() {
    assert_eq!(Row::FIELDS[1].category, Some(Category::Personal));
}
