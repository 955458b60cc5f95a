use privacy::{Personal, category};

#[derive(serde::Serialize)]
struct View {
    name: Personal<category::Personal, String>,
}

fn main() {}
