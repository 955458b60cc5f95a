//! One Kafka broker (KRaft), private to a folder.

use crate::child::Child;
use crate::{Prepared, free_port, on_a_port_of_its_own};
use anyhow::Context as _;
use nix::sys::signal::Signal;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// An ApiVersions request, version 0: what any broker answers as soon as it serves.
const API_VERSIONS: [u8; 18] = [0, 0, 0, 14, 0, 18, 0, 0, 0, 0, 0, 1, 0, 4, b'm', b'x', b't', b'r'];
/// What it writes to its log when its port is bound and everything runs.
const STARTED: &str = "Kafka Server started";
const ASK: Duration = Duration::from_secs(2);

/// A running broker.
#[derive(Debug)]
pub struct Kafka {
    child: Child,
    port: u16,
}

impl Kafka {
    /// Starts the broker on the data below `folder`, made on the first start, at this port or a free one. After a crash it is ready within five seconds.
    ///
    /// # Errors
    /// It does not start, or does not answer in time; the error carries the end of its log.
    pub fn start(prepared: &Prepared, folder: &Path, port: Option<u16>) -> anyhow::Result<Self> {
        let data = folder.join("kafka");
        if !data.join("meta.properties").exists() {
            fs::create_dir_all(folder)?;
            copy(&prepared.kafka().join("template"), &data)?;
        }
        match port {
            Some(port) => Self::on(prepared, folder, port),
            None => on_a_port_of_its_own(free_port()?, |port| Self::on(prepared, folder, port)),
        }
    }

    fn on(prepared: &Prepared, folder: &Path, port: u16) -> anyhow::Result<Self> {
        let mut java = Command::new("java");
        java.arg(format!("@{}", prepared.kafka().join("java.args").display()))
            .arg("kafka.Kafka")
            .arg(prepared.kafka_settings())
            .args(["--override", &format!("log.dirs={}", folder.join("kafka").display())])
            .args(["--override", &format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:0")]);
        let mut child = Child::start("Kafka", &prepared.guard(), Signal::SIGTERM, &java, &folder.join("kafka.log"))?;
        // Another broker may have taken the port and answer there, while ours is about to find out.
        child.wait_until(|child| answers(port).unwrap_or(false) && child.has_said(STARTED))?;
        Ok(Self { child, port })
    }

    /// `host:port`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&mut self) -> Option<i32> {
        self.child.pid()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.is_running()
    }

    /// Stops it in order; takes a second or two.
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

/// Whether the broker answers a request; an open port is not enough.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), ASK)?;
    stream.set_read_timeout(Some(ASK))?;
    stream.write_all(&API_VERSIONS)?;
    let mut head = [0; 10];
    stream.read_exact(&mut head)?;
    // Length, then our correlation id, then error 0.
    Ok(head[4..8] == [0, 0, 0, 1] && head[8..10] == [0, 0])
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
