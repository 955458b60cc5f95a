use privacy::{Decision, Personal, category};

fn read<'a>(name: &'a Personal<category::Personal, String>, decision: &Decision) -> &'a str {
    let opened = decision.opened::<category::Business>().unwrap();
    name.open(&opened)
}

fn main() {}
