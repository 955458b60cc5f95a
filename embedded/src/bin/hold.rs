//! Starts both servers below the folder that is given, says their process ids, and waits for ever: what the orphan test kills.

use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let prepared = Prepared::ensure(&mut |says| eprintln!("{says}"))?;
    let options = PostgresOptions { port: None, durable: false, superuser_password: "test".to_owned() };
    let mut postgres = Postgres::start(&prepared, &folder, &options)?;
    let mut kafka = Kafka::start(&prepared, &folder, None)?;
    println!("{} {}", postgres.pid().unwrap_or(0), kafka.pid().unwrap_or(0));
    loop {
        std::thread::park();
    }
}
