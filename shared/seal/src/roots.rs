//! Root keys, one an epoch: held by a key-management service, or by files where there is none.

use crate::sealed::{open_for, seal_for};
use crate::{Key, Unopenable};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How the name of a draft of a root ends.
const DRAFT: &str = ".new";

/// Work of a key-management service, under way.
pub type RootWork<'a, T> = Pin<Box<dyn Future<Output = Result<T, WrapError>> + Send + 'a>>;

/// Whoever holds the root keys. A root never leaves it.
pub trait KeyWrapper: Send + Sync {
    /// Makes the root of an epoch. One that is there already stays as it is.
    fn create_root(&self, epoch: u64) -> RootWork<'_, ()>;
    /// Destroys the root of an epoch for ever; one that is not there is no fault.
    fn destroy_root(&self, epoch: u64) -> RootWork<'_, ()>;
    /// Wraps a key under the root of an epoch, bound to `aad`.
    fn wrap<'a>(&'a self, epoch: u64, plain: &'a [u8], aad: &'a [u8]) -> RootWork<'a, Vec<u8>>;
    /// Unwraps a key.
    fn unwrap<'a>(&'a self, epoch: u64, wrapped: &'a [u8], aad: &'a [u8]) -> RootWork<'a, Zeroizing<Vec<u8>>>;
    /// The epochs whose roots are there, oldest first.
    fn roots(&self) -> RootWork<'_, Vec<u64>>;
}

/// Why the root keys could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// The root of this epoch is not there: not made yet, or destroyed.
    #[error("there is no root key of epoch {0}")]
    NoRoot(u64),
    /// What was wrapped does not open.
    #[error("what a root key wrapped does not open")]
    Unopenable(#[from] Unopenable),
    /// The files or the service failed.
    #[error("the root keys cannot be reached")]
    Unreachable(#[from] io::Error),
}

/// Root keys in files of one folder: for one machine. The folder must be in no backup.
#[derive(Clone, Debug)]
pub struct FileKeyWrapper {
    folder: PathBuf,
}

impl FileKeyWrapper {
    /// The roots in this folder, which is made (0700) when it is not there. Drafts of roots that a crash left are removed.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let folder = folder.into();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let roots = Self { folder };
        roots.remove_drafts()?;
        Ok(roots)
    }

    /// Nobody links a draft but who made it, and whoever loses theirs this way fails and makes another: removing is always safe. It is not overwritten
    /// first, for it may have been linked as a root just now.
    fn remove_drafts(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let stray = entry.file_name().to_str().is_some_and(|name| name.starts_with("root-") && name.ends_with(DRAFT));
            if stray {
                absent_is_well(fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    fn file(&self, epoch: u64) -> PathBuf {
        self.folder.join(format!("root-{epoch}.key"))
    }

    fn key(&self, epoch: u64) -> Result<Key, WrapError> {
        let mut file = match File::open(self.file(epoch)) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Err(WrapError::NoRoot(epoch)),
            file => file?,
        };
        let mut bytes = Zeroizing::new([0; 32]);
        file.read_exact(bytes.as_mut_slice())?;
        Ok(Key::from_bytes(*bytes))
    }

    /// The key is written whole to a name that nobody else uses, and linked to its own only then: no crash leaves half a root, and whoever is slow writes
    /// into a file of their own, never into the root that somebody quicker made.
    fn create(&self, epoch: u64) -> io::Result<()> {
        let path = self.file(epoch);
        if path.try_exists()? {
            return Ok(());
        }
        let draft = self.folder.join(format!("root-{epoch}.{}{DRAFT}", Uuid::new_v4().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(Key::random().as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, &path) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => absent_is_well(erase(&draft))?,
            linked => {
                linked?;
                absent_is_well(fs::remove_file(&draft))?;
            }
        }
        sync(&self.folder)
    }

    fn destroy(&self, epoch: u64) -> io::Result<()> {
        match erase(&self.file(epoch)) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            erased => erased.and_then(|()| sync(&self.folder)),
        }
    }

    fn list(&self) -> io::Result<Vec<u64>> {
        let mut epochs = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number: Option<u64> = name.to_str().and_then(|name| name.strip_prefix("root-")?.strip_suffix(".key")?.parse().ok());
            epochs.extend(number);
        }
        epochs.sort_unstable();
        Ok(epochs)
    }
}

/// Overwrites a file, then removes it.
fn erase(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&[0; 32])?;
    file.sync_all()?;
    fs::remove_file(path)
}

/// Somebody else removed it: that is no fault.
fn absent_is_well(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl KeyWrapper for FileKeyWrapper {
    fn create_root(&self, epoch: u64) -> RootWork<'_, ()> {
        Box::pin(async move { Ok(self.create(epoch)?) })
    }

    fn destroy_root(&self, epoch: u64) -> RootWork<'_, ()> {
        Box::pin(async move { Ok(self.destroy(epoch)?) })
    }

    fn wrap<'a>(&'a self, epoch: u64, plain: &'a [u8], aad: &'a [u8]) -> RootWork<'a, Vec<u8>> {
        Box::pin(async move { Ok(seal_for(&self.key(epoch)?, aad, plain)) })
    }

    fn unwrap<'a>(&'a self, epoch: u64, wrapped: &'a [u8], aad: &'a [u8]) -> RootWork<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move { Ok(open_for(&self.key(epoch)?, aad, wrapped)?) })
    }

    fn roots(&self) -> RootWork<'_, Vec<u64>> {
        Box::pin(async move { Ok(self.list()?) })
    }
}
