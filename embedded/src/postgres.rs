//! One PostgreSQL server, private to a folder. It refuses to run as root, so root lends it to an unprivileged user.

use crate::child::Child;
use crate::{Prepared, free_port, on_a_port_of_its_own};
use anyhow::{Context as _, bail};
use nix::sys::signal::Signal;
use nix::unistd::User;
use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const ASK: Duration = Duration::from_secs(2);
/// The version of PostgreSQL's protocol in a startup packet: 3.0.
const PROTOCOL: u32 = 196_608;

/// How the server is run.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// A free one when none is given.
    pub port: Option<u16>,
    /// `false` only for tests: a crash of the machine may then lose what was committed.
    pub durable: bool,
    /// Of the user `postgres`; set when the data are made, kept from then on.
    pub superuser_password: String,
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    port: u16,
    data: PathBuf,
    password: String,
}

impl Postgres {
    /// Starts the server on the data of `folder`, made on the first start. As root, the data themselves stand below `/var/lib/mxtr`, where an unprivileged
    /// user can reach them, and `folder/postgres.where` names the place.
    ///
    /// # Errors
    /// It does not start, or does not answer in time; the error carries the end of its log.
    pub fn start(prepared: &Prepared, folder: &Path, options: &PostgresOptions) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let tenant = unprivileged()?;
        let data = data_folder(folder, tenant.as_ref())?;
        if !data.join("PG_VERSION").exists() {
            initialise(prepared, &data, tenant.as_ref(), &options.superuser_password)?;
        }
        let start = |port| Self::on(prepared, folder, (&data, tenant.as_ref()), port, options);
        match options.port {
            Some(port) => start(port),
            None => on_a_port_of_its_own(free_port()?, start),
        }
    }

    fn on(
        prepared: &Prepared,
        folder: &Path,
        (data, tenant): (&Path, Option<&User>),
        port: u16,
        options: &PostgresOptions,
    ) -> anyhow::Result<Self> {
        let server = as_user(&server_command(prepared, data, port, options.durable), tenant);
        let mut child = Child::start("PostgreSQL", &prepared.guard(), Signal::SIGINT, &server, &folder.join("postgres.log"))?;
        // Another server may have taken the port and answer there, while ours is about to find out.
        child.wait_until(|child| answers(port).unwrap_or(false) && child.pid().is_some_and(|pid| is_ready(data, pid)))?;
        Ok(Self { child, port, data: data.to_owned(), password: options.superuser_password.clone() })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the data stand.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// Of the user `postgres`, who may do everything.
    pub fn superuser_url(&self) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    pub fn pid(&mut self) -> Option<i32> {
        self.child.pid()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.is_running()
    }

    /// Stops it in order: open transactions are rolled back, what was committed stays.
    pub fn stop(&mut self) {
        self.child.stop();
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    pub fn tail_of_log(&self, lines: usize) -> String {
        self.child.tail(lines)
    }
}

/// Whom root lends the server to; nobody else needs to.
fn unprivileged() -> anyhow::Result<Option<User>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let user = User::from_name("postgres")?.or(User::from_name("nobody")?);
    Ok(Some(user.context("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")?))
}

fn data_folder(folder: &Path, tenant: Option<&User>) -> anyhow::Result<PathBuf> {
    let Some(user) = tenant else { return Ok(folder.join("postgres")) };
    let note = folder.join("postgres.where");
    let data = if let Ok(place) = fs::read_to_string(&note) {
        PathBuf::from(place.trim())
    } else {
        let mut hasher = DefaultHasher::new();
        (fs::canonicalize(folder)?, std::process::id()).hash(&mut hasher);
        let data = Path::new(LENT).join(format!("{:016x}/postgres", hasher.finish()));
        fs::write(&note, format!("{}\n", data.display()))?;
        data
    };
    let parent = data.parent().context("the data have a folder")?;
    fs::create_dir_all(parent)?;
    fs::set_permissions(LENT, Permissions::from_mode(0o755))?;
    chown(parent, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    fs::set_permissions(parent, Permissions::from_mode(0o700))?;
    Ok(data)
}

fn initialise(prepared: &Prepared, data: &Path, tenant: Option<&User>, password: &str) -> anyhow::Result<()> {
    let parent = data.parent().context("the data have a folder")?;
    let secret = parent.join("superuser.password");
    fs::write(&secret, password)?;
    fs::set_permissions(&secret, Permissions::from_mode(0o600))?;
    if let Some(user) = tenant {
        chown(&secret, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    let mut initdb = Command::new(prepared.postgres().join("bin/initdb"));
    initdb
        .args([
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--data-checksums",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "-A",
            "scram-sha-256",
        ])
        .arg("-D")
        .arg(data)
        .arg(format!("--pwfile={}", secret.display()));
    let output = as_user(&initdb, tenant).current_dir("/").output();
    fs::remove_file(&secret)?;
    let output = output.context("initdb cannot be run")?;
    if !output.status.success() {
        // What is half made would look made the next time.
        let _gone = fs::remove_dir_all(data);
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn server_command(prepared: &Prepared, data: &Path, port: u16, durable: bool) -> Command {
    let mut server = Command::new(prepared.postgres().join("bin/postgres"));
    server.arg("-D").arg(data);
    let port = format!("port={port}");
    let mut settings = vec![
        port.as_str(),
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "shared_buffers=64MB",
        "max_wal_size=1GB",
        "log_min_messages=warning",
        "log_min_error_statement=panic",
        "log_parameter_max_length=0",
        "log_parameter_max_length_on_error=0",
    ];
    if !durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    for setting in settings {
        server.args(["-c", setting]);
    }
    server
}

/// The same command, run as this user.
fn as_user(command: &Command, tenant: Option<&User>) -> Command {
    let mut lent = match tenant {
        None => Command::new(command.get_program()),
        Some(user) => {
            let mut setpriv = Command::new("setpriv");
            setpriv
                .arg(format!("--reuid={}", user.uid))
                .arg(format!("--regid={}", user.gid))
                .arg("--clear-groups")
                .arg(command.get_program());
            setpriv
        }
    };
    lent.args(command.get_args());
    lent
}

/// Where an unprivileged user holds root's data.
const LENT: &str = "/var/lib/mxtr";

/// Removes the data that an unprivileged user holds for a folder of root's. The note that names them may be anybody's word: nothing is removed but what stands right
/// below the one place for such data.
pub fn forget_lent(folder: &Path) {
    let Ok(note) = fs::read_to_string(folder.join("postgres.where")) else { return };
    if let Some(lent) = lent(Path::new(note.trim())) {
        let _gone = fs::remove_dir_all(lent);
    }
}

/// `/var/lib/mxtr/<hash>`, for `/var/lib/mxtr/<hash>/postgres` and nothing else.
fn lent(data: &Path) -> Option<&Path> {
    let (parent, is_data) = (data.parent()?, data.ends_with("postgres"));
    let name = parent.strip_prefix(LENT).ok()?.to_str()?;
    (is_data && name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(parent)
}

/// Whether this process says of itself, in the file beside its data, that it takes connections.
fn is_ready(data: &Path, pid: i32) -> bool {
    let said = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = said.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.next_back() == Some("ready")
}

/// Whether the server asks for a password: then it has recovered and takes connections.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), ASK)?;
    stream.set_read_timeout(Some(ASK))?;
    let body = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(body.len() + 8).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes()[..], &PROTOCOL.to_be_bytes()[..], body].concat())?;
    let mut kind = [0; 1];
    stream.read_exact(&mut kind)?;
    Ok(kind == *b"R")
}

#[cfg(test)]
mod tests {
    use super::lent;
    use std::path::Path;

    #[test]
    fn only_what_was_lent_is_removed() {
        let good = Path::new("/var/lib/mxtr/0123456789abcdef/postgres");
        assert_eq!(lent(good), Some(Path::new("/var/lib/mxtr/0123456789abcdef")));
        for named in [
            "/home/x",
            "/var/lib/mxtr/postgres",
            "/var/lib/mxtr/../../../home/postgres",
            "/var/lib/mxtr/0123456789abcdef",
            "/var/lib/mxtr/0123456789abcdef/../postgres",
            "/var/lib/mxtr/0123456789abcdef/postgres/x",
            "/var/lib/mxtr/0123456789abcde./postgres",
            "postgres",
            "",
        ] {
            assert_eq!(lent(Path::new(named)), None, "{named}");
        }
    }
}
