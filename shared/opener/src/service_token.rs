//! The token by which a service is known to keyring: a file that somebody else keeps fresh (a projected service-account token in Kubernetes).

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Reads the token's file again whenever it has changed.
pub(crate) struct ServiceToken {
    file: PathBuf,
    read: Mutex<Option<(SystemTime, String)>>,
}

impl ServiceToken {
    pub fn new(file: &str) -> Self {
        Self { file: file.into(), read: Mutex::new(None) }
    }

    /// The token as it is now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn current(&self) -> std::io::Result<String> {
        let changed = std::fs::metadata(&self.file)?.modified()?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((at, token)) if *at == changed => Ok(token.clone()),
            _ => {
                let token = std::fs::read_to_string(&self.file)?.trim().to_owned();
                *read = Some((changed, token.clone()));
                Ok(token)
            }
        }
    }
}
