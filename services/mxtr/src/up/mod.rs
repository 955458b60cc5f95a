//! `mxtr up`: everything on one machine, and nothing left behind.

mod clock;
mod databases;
mod environment;
mod front;
mod processes;
mod proxy;
mod secrets;
mod servers;

use crate::cli::{Exit, NOT_RUNNING};
use crate::registry::SERVED;
use crate::state::{Place, State};
use anyhow::Context as _;
use bus::KafkaConfig;
use clap::{Args, ValueEnum};
use environment::Addresses;
use kernel::Timestamp;
use processes::{PortTaken, Processes};
use runtime::Environment;
use secrets::Secrets;
use servers::{Servers, port};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

#[derive(Args, Clone)]
pub struct Options {
    /// A process a service behind the same address, instead of one process for all
    #[arg(long)]
    separate: bool,
    /// Which clock the platform lives by; the test's is set by PUT /dev/clock
    #[arg(long, value_enum, default_value_t = ClockChoice::System)]
    clock: ClockChoice,
    /// Where the data stand
    #[arg(long, default_value = ".mxtr")]
    folder: PathBuf,
    /// The port of the one address; a free one when it is taken
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Say where it is as JSON, in one line, as soon as it is ready
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClockChoice {
    System,
    Test,
}

/// Runs until SIGINT or SIGTERM, or until something dies for the third time in a minute.
///
/// # Errors
/// Somebody else runs on the folder, or something does not start; the text carries the end of its log.
pub async fn run(options: Options) -> anyhow::Result<()> {
    fs::create_dir_all(&options.folder).with_context(|| format!("{} cannot be made", options.folder.display()))?;
    let folder = fs::canonicalize(&options.folder)?;
    let _lock = lock(&folder)?;
    let secrets = Secrets::open(&folder)?;
    let environment: Environment = environment::of_ours().into_iter().collect();
    let mut servers = Servers::start(&folder, &secrets, &environment).await?;
    let mut platform = Platform::prepare(&options, &folder, &secrets, &servers, &environment).await?;
    let ended = platform.serve(&options, &folder, &mut servers).await;
    // Whoever reads it must not take us for running.
    let _gone = fs::remove_file(State::path(&folder));
    servers.stop();
    ended
}

/// One platform a folder: the lock goes with the process, however it ends.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path)?;
    // Somebody who looks whether we run holds it for a moment.
    let mut tries = 0;
    while file.try_lock().is_err() {
        tries += 1;
        if tries < 10 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            continue;
        }
        let holder = fs::read_to_string(folder.join("pid")).unwrap_or_default();
        return Err(
            Exit(NOT_RUNNING, format!("process {} runs on {} already; `mxtr down` stops it", holder.trim(), folder.display())).into()
        );
    }
    fs::write(folder.join("pid"), std::process::id().to_string())?;
    Ok(file)
}

/// The port of the one address, bound before anybody is told of it, since it stands in tokens; a free one when it is taken.
fn bind(wanted: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", wanted)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
}

/// How many times ports are chosen.
const TRIES: usize = 5;

/// A platform whose databases and topics are there.
struct Platform {
    /// The one address.
    front: TcpListener,
    addresses: Addresses,
    kafka: KafkaConfig,
    secrets: Secrets,
    databases: BTreeMap<String, String>,
    clock_start: Option<Timestamp>,
}

impl Platform {
    async fn prepare(
        options: &Options,
        folder: &Path,
        secrets: &Secrets,
        servers: &Servers,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let topic_prefix = environment.get("MXTR_KAFKA_TOPIC_PREFIX").unwrap_or_default().to_owned();
        let kafka = KafkaConfig { brokers: servers.kafka_brokers.clone(), topic_prefix, group_prefix: String::new() };
        let replication =
            environment.get("MXTR_KAFKA_REPLICATION").map_or(Ok(1), str::parse).context("MXTR_KAFKA_REPLICATION is no number")?;
        bus::create_topics(&kafka, replication).await?;
        let databases = databases::prepare(servers.superuser_url.as_deref(), secrets, environment).await?;
        let front = bind(options.port)?;
        let addresses = Addresses::choose(front.local_addr()?.port(), options.separate)?;
        let clock_start = if options.clock == ClockChoice::Test { Some(clock::begin(&kafka, folder).await?) } else { None };
        secrets.mint_service_tokens(clock_start.unwrap_or_else(kernel::Clock::real_now))?;
        Ok(Self { front, addresses, kafka, secrets: secrets.clone(), databases, clock_start })
    }

    async fn serve(&mut self, options: &Options, folder: &Path, servers: &mut Servers) -> anyhow::Result<()> {
        let mut processes = self.start(options, folder, servers).await?;
        let ended = self.watch(options, folder, servers, &mut processes).await;
        processes.stop().await;
        ended
    }

    /// Starts what serves, and waits until it is ready; on other ports where somebody has taken one between our choice and its start.
    async fn start(&mut self, options: &Options, folder: &Path, servers: &mut Servers) -> anyhow::Result<Processes> {
        let mut tries = 0;
        loop {
            let ours = environment::of_ours().into_keys().collect();
            let mut processes = Processes::start(self.commands(options, folder)?, folder, ours)?;
            let Err(cause) = processes.until_ready(&self.addresses, servers).await else { return Ok(processes) };
            processes.stop().await;
            tries += 1;
            if tries == TRIES || !cause.is::<PortTaken>() {
                return Err(cause);
            }
            eprintln!("a port was taken by somebody else meanwhile; starting on others");
            self.addresses = Addresses::choose(self.addresses.base, options.separate)?;
        }
    }

    /// Says where everything is, and looks after it until it is to stop.
    async fn watch(&self, options: &Options, folder: &Path, servers: &mut Servers, processes: &mut Processes) -> anyhow::Result<()> {
        let clock = self.clock_start.is_some().then(|| self.kafka.clone());
        let front = front::Front::new(&self.addresses, clock, self.secrets.clone(), folder).serve(self.front.try_clone()?)?;
        let state = self.state(options, folder);
        state.write(folder)?;
        if options.json {
            println!("{}", state.public()?);
        } else {
            say_where(&state);
        }
        let ended = processes.watch(servers).await;
        front.stop(true).await;
        ended
    }

    /// What is run: (name, arguments, environment).
    fn commands(&self, options: &Options, folder: &Path) -> anyhow::Result<Vec<processes::Order>> {
        let base = environment::base(&self.addresses, &self.kafka, folder, self.clock_start.is_some());
        let all: BTreeMap<String, String> =
            SERVED.iter().flat_map(|service| environment::of(*service, &self.addresses, &self.databases, folder)).collect();
        let ours = environment::of_ours();
        let start = self.clock_start.map(|start| format!("--clock-start={start}"));
        let order = |name: &str, health: u16, ports: Vec<u16>| {
            let arguments = ["serve".to_owned(), name.to_owned()].into_iter().chain(start.clone()).collect();
            let mut environment: BTreeMap<String, String> = base.clone();
            environment.extend(all.clone());
            environment.insert("MXTR_HEALTH_LISTEN".to_owned(), format!("127.0.0.1:{health}"));
            processes::Order { name: name.to_owned(), arguments, environment: environment::given(environment, &ours), ports }
        };
        Ok(if options.separate {
            SERVED.iter().map(|service| order(service.name(), self.addresses.health[service], self.addresses.of(*service))).collect()
        } else {
            let first = self.addresses.health.values().next().copied().context("there is a service")?;
            vec![order("all", first, SERVED.iter().flat_map(|service| self.addresses.of(*service)).collect())]
        })
    }

    fn state(&self, options: &Options, folder: &Path) -> State {
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        let services: BTreeMap<String, Place> = SERVED
            .iter()
            .map(|service| {
                (
                    service.name().to_owned(),
                    Place { http: local(self.addresses.http[service]), health: local(self.addresses.health[service]) },
                )
            })
            .collect();
        State {
            base_url: local(self.addresses.base),
            health_url: services.values().next().map(|place| place.health.clone()).unwrap_or_default(),
            kafka_brokers: self.kafka.brokers.clone(),
            kafka_topic_prefix: self.kafka.topic_prefix.clone(),
            databases: self.databases.clone(),
            admin_key_file: folder.join("admin.key"),
            pid: i32::try_from(std::process::id()).unwrap_or_default(),
            services,
            clock: if self.clock_start.is_some() { "test" } else { "system" }.to_owned(),
            shape: if options.separate { "separate" } else { "one-process" }.to_owned(),
        }
    }
}

fn say_where(state: &State) {
    println!("mxtr is ready at {}", state.base_url);
    println!("the administrator's key is in {}", state.admin_key_file.display());
    println!(
        "make a tenant next:\n  curl -s {}/v1/tenants -H \"Authorization: Bearer $(cat {})\" -H 'Content-Type: application/json' \\\n    -d '{{\"name\":\"acme\",\"privacy_policy_url\":\"https://acme.example/privacy\",\"privacy_policy_version\":\"1\",\"time_zone\":\"Europe/Berlin\",\"jurisdiction\":\"DE\",\"chosen_services\":[\"newsletter\",\"support\"]}}'",
        state.base_url,
        state.admin_key_file.display()
    );
    println!("stop it with Ctrl-C or `mxtr down`");
}
