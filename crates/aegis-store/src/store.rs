//! The store as the daemon sees it: records in, a snapshot and the audit log out.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use aegis_core::{Record, Snapshot, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    AuditLine, AuditReport, HistoryReader, StoreError, Syncer,
    audit::{self, CUT_RULE},
    bound,
    lock::StoreLock,
    open, read, write,
};

/// How far a table may grow beyond its bound between two looks at it: little beside the bounds,
/// and seldom enough that looking costs nothing.
const UNPRUNED_RECORDS_MAX: usize = 10_000;

/// Everything that a node must know after a restart, on disk.
#[derive(Debug)]
pub struct Store {
    connection: Connection,   // before the lock, so that it is closed first
    archive: Option<PathBuf>, // where cut-off parts of the audit log go
    unpruned_records: usize,  // written since the bounds were last enforced
    lock: Option<Arc<StoreLock>>,
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
        let mut store = Self::new(connection);
        store.archive = Some(lock.beside(".audit"));
        store.lock = Some(Arc::new(lock));
        Ok(store)
    }

    /// Makes a store that lives and dies with the process.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::new(open::in_memory()?))
    }

    fn new(connection: Connection) -> Self {
        Self {
            connection,
            archive: None,
            // The last process may have stopped just before it was to enforce them.
            unpruned_records: UNPRUNED_RECORDS_MAX,
            lock: None,
            corrupt_rows: Cell::new(0),
        }
    }

    /// Writes the records in their order, all or none; they are on the disk when it returns.
    pub fn apply(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.write(records)
    }

    /// Writes the records in their order, all or none; the system brings them to the disk later.
    ///
    /// They outlive the process however it ends, but until the next `apply` or [`Syncer::sync`] not a
    /// loss of power: for what others will say again, and where milliseconds count.
    pub fn apply_unsynced(&mut self, records: &[Record]) -> Result<(), StoreError> {
        open::sync_at_commit(&self.connection, false).map_err(StoreError::write)?;
        let written = self.write(records);
        open::sync_at_commit(&self.connection, true).map_err(StoreError::write)?;
        written
    }

    /// Returns what brings everything written so far to the disk, from any thread; `None` for a
    /// store in memory. There must have been an `apply` or a `load` before.
    pub fn syncer(&self) -> Result<Option<Syncer>, StoreError> {
        let lock = self.lock.as_ref();
        lock.map(|it| Syncer::open(Arc::clone(it))).transpose()
    }

    /// Returns what searches the history, for any thread; `None` for a store in memory.
    pub fn history(&self) -> Result<Option<HistoryReader>, StoreError> {
        let lock = self.lock.as_ref();
        lock.map(|it| HistoryReader::open(Arc::clone(it)))
            .transpose()
    }

    /// Says whether what is written until it is said otherwise is much and comes in order, such as a
    /// long list: then it keeps few pages in memory, which would lie between what stays there.
    pub fn write_in_order(&self, is_in_order: bool) -> Result<(), StoreError> {
        open::write_in_order(&self.connection, is_in_order).map_err(StoreError::write)
    }

    /// Gives the pages back that it keeps in memory; what is written next reads those anew that it needs.
    pub fn release_memory(&self) -> Result<(), StoreError> {
        let released = self.connection.release_memory();
        released.map_err(StoreError::write)
    }

    fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.look_after_bounds();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::write)?;
        write::records(&transaction, records)?;
        transaction.commit().map_err(StoreError::write)?;
        self.unpruned_records += records.len();
        Ok(())
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
        bound::remove_expired(&self.connection, now).map_err(StoreError::write)?;
        self.enforce_bounds()
    }

    /// Enforces the bounds now and then, between two calls of `prune`.
    ///
    /// A failure is only logged: records must be kept even where old ones cannot be cleared away.
    fn look_after_bounds(&mut self) {
        if self.unpruned_records < UNPRUNED_RECORDS_MAX {
            return;
        }
        self.unpruned_records = 0;
        if let Err(error) = self.enforce_bounds() {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "Store could not be kept within its bounds");
        }
    }

    fn enforce_bounds(&mut self) -> Result<(), StoreError> {
        bound::evict(&self.connection).map_err(StoreError::write)?;
        audit::cut(&mut self.connection, self.archive.as_deref(), CUT_RULE)?;
        self.unpruned_records = 0;
        Ok(())
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

    /// Goes through every page and index of the file, and through the counts of the history;
    /// returns what is wrong, in the database engine's words, nothing for a whole store.
    ///
    /// Takes about a second for a gigabyte: for tests and for people, not for a node at work.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        open::findings(&self.connection).map_err(StoreError::read)
    }

    /// Recomputes the chain of the audit log and names the first row that breaks it.
    pub fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        audit::verify(&self.connection).map_err(StoreError::read)
    }
}
