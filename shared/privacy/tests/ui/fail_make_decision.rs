use privacy::{CategorySet, Decision};

fn main() {
    let forged = Decision { allowed: CategorySet::ALL, withheld: Vec::new() };
}
