use privacy::{Category, CategoryTag};

struct Gossip;

impl CategoryTag for Gossip {
    const CATEGORY: Category = Category::Personal;
}

fn main() {}
