use privacy::PersonalData;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Row {
    #[data(category = technical, sources(client), roles(controller), retention = "visit")]
    browser: String,
    #[data(category = billing, sources(provider), roles(processor), retention = "relationship")]
    amount: i64,
}

fn main() {}
