use kernel::Service;
use privacy::StoreRecord;

struct Row {
    name: Vec<u8>,
}

fn main() {
    let store = StoreRecord::of::<Row>(Service::Contacts);
}
