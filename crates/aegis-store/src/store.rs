//! The store as the daemon sees it: records in, a snapshot and the audit log out.

use std::{cell::Cell, path::Path};

use aegis_core::{Record, Snapshot, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use crate::{AuditLine, AuditReport, StoreError, audit, bound, lock::StoreLock, open, read, write};

/// Everything that a node must know after a restart, on disk.
#[derive(Debug)]
pub struct Store {
    connection: Connection, // before the lock, so that it is closed first
    _lock: Option<StoreLock>,
    corrupt_rows: Cell<u64>,
}

impl Store {
    /// Opens the store at `path` for this process alone, making the file and its directory where
    /// there is none.
    ///
    /// An older schema is brought up to date; a newer one, a damaged file and another program's
    /// database are refused unchanged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (connection, lock) = open::open(path)?;
        Ok(Self::new(connection, Some(lock)))
    }

    /// Makes a store that lives and dies with the process.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::new(open::in_memory()?, None))
    }

    fn new(connection: Connection, lock: Option<StoreLock>) -> Self {
        Self {
            connection,
            _lock: lock,
            corrupt_rows: Cell::new(0),
        }
    }

    /// Writes the records in their order, all or none; they are on the disk when it returns.
    pub fn apply(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::write)?;
        write::records(&transaction, records)?;
        transaction.commit().map_err(StoreError::write)
    }

    /// Removes what is over at `now` and returns everything that is alive.
    ///
    /// A row that does not read back as what it must be is skipped, logged and counted.
    pub fn load(&self, now: Timestamp) -> Result<Snapshot, StoreError> {
        bound::remove_expired(&self.connection, now).map_err(StoreError::write)?;
        let (snapshot, corrupt_rows) =
            read::snapshot(&self.connection).map_err(StoreError::read)?;
        self.corrupt_rows
            .set(self.corrupt_rows.get() + corrupt_rows);
        Ok(snapshot)
    }

    /// Returns how many corrupt rows the readings of this store have skipped.
    pub fn corrupt_rows(&self) -> u64 {
        self.corrupt_rows.get()
    }

    /// Removes what is over at `now`, and from each table what is beyond its bound.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), StoreError> {
        bound::prune(&mut self.connection, now).map_err(StoreError::write)
    }

    /// Returns the last `limit` lines of the audit log, oldest first.
    ///
    /// A line that cannot be read is skipped, logged and counted; `audit_verify` names it.
    pub fn audit_tail(&self, limit: usize) -> Result<Vec<AuditLine>, StoreError> {
        let (lines, corrupt_rows) =
            audit::tail(&self.connection, limit).map_err(StoreError::read)?;
        self.corrupt_rows
            .set(self.corrupt_rows.get() + corrupt_rows);
        Ok(lines)
    }

    /// Recomputes the chain of the audit log and names the first row that breaks it.
    pub fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        audit::verify(&self.connection).map_err(StoreError::read)
    }
}
