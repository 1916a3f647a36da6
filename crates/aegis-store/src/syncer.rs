//! Bringing what a store has written to the disk, without holding its owner up.

use std::{fs::File, sync::Arc, thread, time::Duration};

use aegis_core::Timestamp;
use rusqlite::Connection;

use crate::{
    HistoryBounds, StoreError, history,
    lock::StoreLock,
    open::{self, LOG_PAGES_MAX},
};

/// Pages in the log from which it is moved into the store's file: 4 MiB, about a thousand alerts
/// with what follows from them. Fewer are not worth writing twice.
const MOVED_PAGES_MIN: u32 = 1_000;

const _: () = assert!(
    MOVED_PAGES_MIN * 8 <= LOG_PAGES_MAX,
    "there is time to move the log before the store does it by itself"
);

/// Steps in which history is removed in one call: some 2,000 entries, in some tens of milliseconds,
/// for which an answer may have to wait.
const STEPS_MAX: u32 = 8;

/// How long the store's own thread is let in between two of them.
const STEP_PAUSE: Duration = Duration::from_millis(1);

/// How often the log is gone through again for what was written meanwhile. Only a log that is
/// moved to its end begins anew; each time takes but as long as what the one before left.
const PASSES_MAX: u32 = 4;

/// A hold of a store's write-ahead log, in which every commit lies until it is moved into the file.
///
/// The log is one file for as long as the store is open, and whatever moves it into the store's
/// file syncs the log before and the file after; so syncing the log brings every commit so far to
/// the disk.
#[derive(Debug)]
pub struct Syncer {
    connection: Connection, // before the lock, so that it is closed first
    log: File,
    lock: Arc<StoreLock>, // nobody else opens the store while a connection of ours is left
}

/// How much there is in the log, in pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Backlog {
    logged: u32,
    moved: u32,
}

impl Syncer {
    pub(crate) fn open(lock: Arc<StoreLock>) -> Result<Self, StoreError> {
        let path = lock.beside("-wal"); // https://www.sqlite.org/walformat.html
        let log = match File::open(&path) {
            Ok(log) => log,
            Err(source) => return Err(StoreError::Open { path, source }),
        };
        Ok(Self {
            connection: open::beside(lock.path()).map_err(StoreError::read)?,
            log,
            lock,
        })
    }

    /// Waits until everything that was committed before the call is on the disk.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.log.sync_data().map_err(|source| StoreError::Open {
            path: self.lock.beside("-wal"),
            source,
        })
    }

    /// Moves a log that has grown long into the store's file, so that the store's own thread need
    /// not; a short one stays.
    ///
    /// Nobody waits for it: the store goes on writing, and the log begins anew once the store
    /// pauses long enough for it to be moved to its end.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let mut backlog = self.checkpoint_in_mode("NOOP")?;
        for _ in 0..PASSES_MAX {
            if backlog.logged < MOVED_PAGES_MIN || backlog.moved == backlog.logged {
                break;
            }
            backlog = self.checkpoint_in_mode("PASSIVE")?;
        }
        Ok(())
    }

    /// Removes what is too old or too much of the history at `now`: in some small transactions, so
    /// that the store's own thread waits for none of them longer than some milliseconds.
    ///
    /// Returns whether there may be more to remove.
    pub fn keep_history(&self, now: Timestamp, bounds: &HistoryBounds) -> Result<bool, StoreError> {
        let keep = || {
            open::sync_at_commit(&self.connection, false)?; // what is lost is removed again
            let mut is_due = true;
            for _ in 0..STEPS_MAX {
                is_due = history::keep_step(&self.connection, now, bounds)?;
                if !is_due {
                    break;
                }
                thread::sleep(STEP_PAUSE);
            }
            open::sync_at_commit(&self.connection, true)?;
            Ok(is_due)
        };
        keep().map_err(StoreError::write)
    }

    fn checkpoint_in_mode(&self, mode: &str) -> Result<Backlog, StoreError> {
        // Whether it was busy does not matter: then the store moves the log itself.
        let backlog = |row: &rusqlite::Row<'_>| {
            let pages = |column| {
                row.get(column)
                    .map(|it: i64| u32::try_from(it).unwrap_or(0))
            };
            Ok(Backlog {
                logged: pages("log")?,
                moved: pages("checkpointed")?,
            })
        };
        self.connection
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], backlog)
            .map_err(StoreError::write)
    }
}

#[cfg(test)]
mod tests;
