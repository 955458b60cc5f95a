//! One PostgreSQL and one broker a run of the tests.

use embedded::{Kafka, Postgres, PostgresOptions, Prepared};
use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The variable by which `with-servers` tells test binaries where its servers are.
pub const VARIABLE: &str = "MXTR_TEST_SERVERS";

/// Where the servers of this run are.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Servers {
    /// `postgres://postgres:…@127.0.0.1:…`, without a database behind it.
    pub postgres: String,
    /// `host:port`.
    pub kafka: String,
}

/// Servers that run as long as this value lives.
pub struct Running {
    pub servers: Servers,
    kafka: Kafka,
    postgres: Postgres,
    folder: tempfile::TempDir,
    /// Held as long as the folder is used; whoever can take it knows that nobody does.
    _lock: File,
}

/// What folders of test servers are called.
const PREFIX: &str = "mxtr-test-";
/// The file in them that is locked.
const LOCK: &str = "lock";

impl Running {
    /// Starts both, on free ports, in a folder that goes with them. Nothing is flushed to disk: a test's data need not outlive a power cut.
    pub fn start() -> anyhow::Result<Self> {
        let prepared = Prepared::ensure(&mut |says| eprintln!("{says}"))?;
        sweep(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        // Called so when it is locked: another run must not take us for gone in between.
        let lock = File::create(folder.path().join("lock.new"))?;
        lock.lock()?;
        fs::rename(folder.path().join("lock.new"), folder.path().join(LOCK))?;
        let options = PostgresOptions { port: None, durable: false, superuser_password: "test".to_owned() };
        let postgres = Postgres::start(&prepared, folder.path(), &options)?;
        let kafka = Kafka::start(&prepared, folder.path(), None)?;
        let address = postgres.superuser_url();
        let servers = Servers { postgres: address.trim_end_matches("/postgres").to_owned(), kafka: kafka.bootstrap() };
        Ok(Self { servers, kafka, postgres, folder, _lock: lock })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kafka.kill();
        self.postgres.kill();
        embedded::forget_lent(self.folder.path());
    }
}

/// Removes what earlier runs left that could not: a test binary's own servers are dropped by nobody, and a run may be killed.
fn sweep(place: &Path) {
    for folder in fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let ours = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        if ours && File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            embedded::forget_lent(&folder);
            let _gone = fs::remove_dir_all(&folder);
        }
    }
}

/// The servers of this run: those of `with-servers`, else a pair of this test binary's own, which ends with it.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    // Dropped by nobody: the guard of each server sees us end, and the next run removes the data. Held so that its standard input stays open.
    static OWN: Mutex<Option<Running>> = Mutex::new(None);
    SERVERS.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "how a test run is told of its servers")]
        if let Ok(given) = std::env::var(VARIABLE) {
            return serde_json::from_str(&given).expect("with-servers wrote it");
        }
        let running = Running::start().expect("the servers start");
        let servers = running.servers.clone();
        *OWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        servers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_left_is_swept_when_nobody_holds_it_any_more() {
        let place = tempfile::tempdir().unwrap();
        let run = |name: &str| {
            let folder = place.path().join(format!("{PREFIX}{name}"));
            fs::create_dir_all(&folder).unwrap();
            (File::create(folder.join(LOCK)).unwrap(), folder)
        };
        let ((held, runs), (left, over)) = (run("runs"), run("over"));
        held.lock().unwrap();
        drop(left);
        fs::create_dir(place.path().join("somebody-elses")).unwrap();
        sweep(place.path());
        assert_eq!((runs.exists(), over.exists()), (true, false));
        assert!(place.path().join("somebody-elses").exists());
    }
}
