use privacy::PersonalData;

#[derive(PersonalData)]
#[personal(store = "contacts.contacts")]
struct Row {
    #[data(not_personal = "row version")]
    version: i64,
    nickname: Vec<u8>,
    birthday: Vec<u8>,
}

fn main() {}
