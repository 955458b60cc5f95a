//! PostgreSQL and Kafka, where they are ours: started, looked at, started again, and ended with us.

use super::environment;
use super::processes::Falls;
use super::secrets::Secrets;
use crate::registry::SERVED;
use anyhow::bail;
use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use runtime::Environment;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const POSTGRES_PORT: u16 = 5433;
const KAFKA_PORT: u16 = 9092;
/// What a server that was killed leaves behind (its own children, its port) is gone by then.
const STARTED_AGAIN_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The default port, or a free one when it is taken.
pub(super) fn port(wanted: u16) -> anyhow::Result<u16> {
    Ok(if embedded::is_free(wanted) { wanted } else { embedded::free_port()? })
}

/// The servers, of which those that are not given from outside are ours.
pub(super) struct Servers {
    postgres: Option<Ours<Postgres>>,
    kafka: Option<Ours<Kafka>>,
    pub(super) kafka_brokers: String,
    /// Of the superuser; empty when databases are given from outside.
    pub(super) superuser_url: Option<String>,
}

/// A server of ours.
struct Ours<S> {
    server: S,
    starts: Starts,
    falls: Falls,
}

/// How a server is started: the same way each time, on the same data and port.
#[derive(Clone)]
struct Starts {
    prepared: Prepared,
    folder: PathBuf,
    port: u16,
    password: String,
}

/// A server, as far as we look after it.
trait Server: Sized + Send + 'static {
    const NAME: &'static str;
    fn start(starts: &Starts) -> anyhow::Result<Self>;
    fn is_running(&mut self) -> bool;
    fn tail_of_log(&self, lines: usize) -> String;
}

impl Server for Postgres {
    const NAME: &'static str = "PostgreSQL";

    fn start(Starts { prepared, folder, port, password }: &Starts) -> anyhow::Result<Self> {
        let options = PostgresOptions { port: Some(*port), durable: true, superuser_password: password.clone() };
        Self::start(prepared, folder, &options)
    }

    fn is_running(&mut self) -> bool {
        self.is_running()
    }

    fn tail_of_log(&self, lines: usize) -> String {
        self.tail_of_log(lines)
    }
}

impl Server for Kafka {
    const NAME: &'static str = "Kafka";

    fn start(Starts { prepared, folder, port, .. }: &Starts) -> anyhow::Result<Self> {
        Self::start(prepared, folder, Some(*port))
    }

    fn is_running(&mut self) -> bool {
        self.is_running()
    }

    fn tail_of_log(&self, lines: usize) -> String {
        self.tail_of_log(lines)
    }
}

impl<S: Server> Ours<S> {
    fn start(starts: Starts) -> anyhow::Result<Self> {
        Ok(Self { server: S::start(&starts)?, starts, falls: Falls::default() })
    }

    fn ended(&mut self) -> Option<String> {
        (!self.server.is_running()).then(|| format!("{} ended; the end of its log:\n{}", S::NAME, self.server.tail_of_log(20)))
    }

    /// Starts it again if it has ended, on its data.
    async fn start_again(&mut self) -> anyhow::Result<()> {
        let Some(ended) = self.ended() else { return Ok(()) };
        if self.falls.one_too_many() {
            bail!("for the third time in a minute {ended}");
        }
        eprintln!("{} ended and is started again", S::NAME);
        let starts = self.starts.clone();
        self.server = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            loop {
                match S::start(&starts) {
                    Err(_) if began.elapsed() < STARTED_AGAIN_WITHIN => std::thread::sleep(LOOK_AGAIN),
                    done => return done,
                }
            }
        })
        .await??;
        Ok(())
    }
}

impl Servers {
    pub(super) async fn start(folder: &Path, secrets: &Secrets, environment: &Environment) -> anyhow::Result<Self> {
        let (folder, password) = (folder.to_owned(), secrets.superuser.clone());
        let outside_kafka = environment.get("MXTR_KAFKA_BROKERS").map(ToOwned::to_owned);
        let outside_databases = SERVED.iter().any(|service| environment::database_is_given(*service, environment));
        tokio::task::spawn_blocking(move || {
            let mut servers = Self { postgres: None, kafka: None, kafka_brokers: String::new(), superuser_url: None };
            if let (Some(brokers), true) = (&outside_kafka, outside_databases) {
                servers.kafka_brokers.clone_from(brokers);
                return Ok(servers);
            }
            let prepared = Prepared::ensure(&mut |says| eprintln!("{says}"))?;
            let starts = |port: u16| Starts { prepared: prepared.clone(), folder: folder.clone(), port, password: password.clone() };
            if !outside_databases {
                let postgres = embedded::on_a_port_of_its_own(port(POSTGRES_PORT)?, |port| Ours::<Postgres>::start(starts(port)))?;
                servers.superuser_url = Some(postgres.server.superuser_url());
                servers.postgres = Some(postgres);
            }
            if let Some(brokers) = outside_kafka {
                servers.kafka_brokers = brokers;
            } else {
                let kafka = embedded::on_a_port_of_its_own(port(KAFKA_PORT)?, |port| Ours::<Kafka>::start(starts(port)))?;
                servers.kafka_brokers = kafka.server.bootstrap();
                servers.kafka = Some(kafka);
            }
            Ok(servers)
        })
        .await?
    }

    /// What has ended though it should not have, with the tail of its log.
    pub(super) fn ended(&mut self) -> Option<String> {
        let postgres = self.postgres.as_mut().and_then(Ours::ended);
        postgres.or_else(|| self.kafka.as_mut().and_then(Ours::ended))
    }

    /// Starts again what has ended; services wait for it, as they would for a server elsewhere.
    ///
    /// # Errors
    /// One ended for the third time in a minute, or does not start.
    pub(super) async fn start_again(&mut self) -> anyhow::Result<()> {
        if let Some(postgres) = &mut self.postgres {
            postgres.start_again().await?;
        }
        if let Some(kafka) = &mut self.kafka {
            kafka.start_again().await?;
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        if let Some(kafka) = &mut self.kafka {
            kafka.server.stop();
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.server.stop();
        }
    }
}
