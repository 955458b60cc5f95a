use privacy::PersonalData;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Row {
    #[data(category = gossip, sources(client), roles(processor), retention = "relationship")]
    rumour: Vec<u8>,
    #[data(category = personal, sources(scraped), roles(processor), retention = "relationship")]
    name: Vec<u8>,
    #[data(category = personal, sources(client), roles(owner), retention = "relationship")]
    email: Vec<u8>,
}

fn main() {}
