use privacy::PersonalData;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Row {
    #[data(sources(client), roles(processor), retention = "relationship")]
    no_category: Vec<u8>,
    #[data(category = personal, roles(processor), retention = "relationship")]
    no_source: Vec<u8>,
    #[data(category = personal, sources(client), retention = "relationship")]
    no_role: Vec<u8>,
    #[data(category = personal, sources(client), roles(processor))]
    no_retention: Vec<u8>,
    #[data(category = personal, not_personal = "it is")]
    both: Vec<u8>,
    #[data(not_personal = " ")]
    no_reason: Vec<u8>,
    #[data(category = derived, sources(derived), roles(processor), retention = "state")]
    from_nothing: Vec<u8>,
    #[data(category = personal, sources(client), inputs("contacts.contacts"), roles(processor), retention = "relationship")]
    not_derived: Vec<u8>,
    #[data(category = derived, sources(derived), inputs("contacts"), roles(processor), retention = "state")]
    no_table: Vec<u8>,
    #[data(colour = "red")]
    other: Vec<u8>,
}

fn main() {}
