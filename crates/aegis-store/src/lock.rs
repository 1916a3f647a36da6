//! One node per store: an advisory lock on a file beside it, dropped by the kernel with its holder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The right to use one store, for as long as it lives.
#[derive(Debug)]
pub(crate) struct StoreLock {
    path: PathBuf,
    _file: File,
}

impl StoreLock {
    /// Takes the lock of the store at `path`, or says at once that somebody has it.
    ///
    /// The lock has a file of its own: SQLite's locks on the database would be lost with the first
    /// file descriptor of it that this process closes.
    pub(crate) fn acquire(path: &Path) -> Result<Self, StoreError> {
        let open_error = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let file = open(&beside(path, ".lock")).map_err(open_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(open_error(source)),
        }
    }

    /// Returns where the store is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path beside the store that has `suffix` after the store's name.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}
