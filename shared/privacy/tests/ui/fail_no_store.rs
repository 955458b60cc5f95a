use privacy::PersonalData;

#[derive(PersonalData)]
struct Row {
    #[data(not_personal = "row version")]
    version: i64,
}

#[derive(PersonalData)]
#[personal(store = "contacts")]
struct Other {
    #[data(not_personal = "row version")]
    version: i64,
}

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Tuple(i64);

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
enum Choice {}

fn main() {}
