use privacy::PersonalData;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Row {
    #[data(category = personal, sources(client), roles(processor), retention = "forever", sealed)]
    name: Vec<u8>,
}

fn main() {}
