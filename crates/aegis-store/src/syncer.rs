//! Bringing what a store has written to the disk, without holding its owner up.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// A hold of a store's write-ahead log, in which every commit lies until it is moved into the file.
///
/// The log is one file for as long as the store is open, and whatever moves it into the store's
/// file syncs both; so syncing the log brings every commit so far to the disk.
#[derive(Debug)]
pub struct Syncer {
    log: File,
    path: PathBuf,
}

impl Syncer {
    pub(crate) fn open(store: &Path) -> Result<Self, StoreError> {
        let mut path = store.as_os_str().to_owned();
        path.push("-wal"); // https://www.sqlite.org/walformat.html
        let path = PathBuf::from(path);
        match File::open(&path) {
            Ok(log) => Ok(Self { log, path }),
            Err(source) => Err(StoreError::Open { path, source }),
        }
    }

    /// Waits until everything that was committed before the call is on the disk.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.log.sync_data().map_err(|source| StoreError::Open {
            path: self.path.clone(),
            source,
        })
    }
}
