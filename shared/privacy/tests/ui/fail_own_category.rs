use privacy::{Category, Personal};

struct Gossip;

fn main() {
    let rumour: Personal<Gossip, &str> = Personal::new("…");
    let value_not_type: Personal<Category, &str> = Personal::new("…");
}
