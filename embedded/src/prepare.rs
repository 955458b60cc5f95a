//! What is fetched once a machine: both servers, checked, below a cache folder outside any clone.

use anyhow::{Context as _, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the recipe is made of; written out beside what it makes, so that the binary works anywhere.
const KAFKA: [(&str, &str); 5] = [
    ("kafka/prepare.sh", include_str!("../kafka/prepare.sh")),
    ("kafka/pom.xml", include_str!("../kafka/pom.xml")),
    ("kafka/libs.sha256", include_str!("../kafka/libs.sha256")),
    ("kafka/log4j2.properties", include_str!("../kafka/log4j2.properties")),
    ("kafka/server.properties", include_str!("../kafka/server.properties")),
];
const POSTGRES: [(&str, &str); 2] =
    [("postgres/prepare.sh", include_str!("../postgres/prepare.sh")), ("postgres/jars.sha256", include_str!("../postgres/jars.sha256"))];
/// Its name changes with what it does: another version on this machine writes its own beside it.
const GUARD: (&str, &str) = ("guard-3.sh", include_str!("../guard.sh"));

/// Both servers, ready to be started.
#[derive(Clone, Debug)]
pub struct Prepared {
    recipe: PathBuf,
    made: PathBuf,
}

impl Prepared {
    /// Fetches what is missing; `progress` hears what takes long. Several processes may ask at once: one fetches, the others wait.
    ///
    /// # Errors
    /// A tool is missing, a file cannot be fetched, or its checksum is wrong.
    pub fn ensure(progress: &mut dyn FnMut(&str)) -> anyhow::Result<Self> {
        let root = cache_root()?;
        fs::create_dir_all(&root).with_context(|| format!("{} cannot be made", root.display()))?;
        let lock = File::create(root.join("lock"))?;
        lock.lock()?;
        let prepared = Self { recipe: root.join("recipe"), made: root.join("made") };
        prepared.once("kafka", &KAFKA, progress, "fetching Apache Kafka 4.3.1 (once a machine, about 15 s)", |script, home| {
            let mut command = Command::new("sh");
            command.arg(script).arg(home);
            command
        })?;
        let platform = platform()?;
        prepared.once("postgres", &POSTGRES, progress, "fetching PostgreSQL 18.6 (once a machine, about 5 s)", |script, home| {
            let mut command = Command::new("sh");
            command.arg(script).arg(home).arg(platform);
            command
        })?;
        fs::write(prepared.recipe.join(GUARD.0), GUARD.1)?;
        Ok(prepared)
    }

    fn once(
        &self,
        name: &str,
        recipe: &[(&str, &str)],
        progress: &mut dyn FnMut(&str),
        says: &str,
        make: impl Fn(&Path, &Path) -> Command,
    ) -> anyhow::Result<()> {
        let stamp = self.made.join(format!("{name}.made"));
        let wanted: String = recipe.iter().map(|(_, text)| *text).collect();
        if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return Ok(());
        }
        progress(says);
        for (path, text) in recipe {
            let path = self.recipe.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&self.recipe))?;
            fs::write(path, text)?;
        }
        fs::create_dir_all(&self.made)?;
        let (script, home) = (self.recipe.join(name).join("prepare.sh"), self.made.join(name));
        let output = make(&script, &home).output().with_context(|| format!("{name}: sh cannot be run"))?;
        if !output.status.success() {
            bail!("{name} could not be prepared: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        fs::write(stamp, wanted)?;
        Ok(())
    }

    pub(crate) fn guard(&self) -> PathBuf {
        self.recipe.join(GUARD.0)
    }

    pub(crate) fn kafka(&self) -> PathBuf {
        self.made.join("kafka")
    }

    pub(crate) fn kafka_settings(&self) -> PathBuf {
        self.recipe.join("kafka/server.properties")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.made.join("postgres")
    }
}

/// `MXTR_CACHE`, or the user's cache folder. As root a folder that the unprivileged user who runs PostgreSQL can reach.
#[expect(clippy::disallowed_methods, reason = "where a tool keeps its cache is no setting of a service")]
fn cache_root() -> anyhow::Result<PathBuf> {
    if let Ok(root) = std::env::var("MXTR_CACHE") {
        return Ok(root.into());
    }
    if nix::unistd::geteuid().is_root() {
        return Ok("/var/cache/mxtr".into());
    }
    let cache = std::env::var("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|_| std::env::var("HOME").map(|home| PathBuf::from(home).join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("mxtr"))
}

fn platform() -> anyhow::Result<&'static str> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-amd64",
        ("linux", "aarch64") => "linux-arm64v8",
        ("macos", "x86_64") => "darwin-amd64",
        ("macos", "aarch64") => "darwin-arm64v8",
        (system, processor) => bail!("there are no PostgreSQL binaries for {system} on {processor}: give the address of a server instead"),
    })
}
