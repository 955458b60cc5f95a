use privacy::{Personal, category};

fn main() {
    let name: Personal<category::Personal, String> = Personal::new("Ada".to_owned());
    println!("{name}");
}
