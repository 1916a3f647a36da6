//! What can go wrong between the node and its store.

use std::{io, path::PathBuf};

/// A failure that the database engine reported.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DatabaseError(rusqlite::Error); // private: the engine's types end at this crate

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file, its directory or its lock cannot be made, opened or read.
    #[error("cannot open the store at {path}")]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Another process, or another part of this one, has the store open.
    #[error("the store at {path} is in use by another node")]
    InUse { path: PathBuf },
    /// The file is damaged, cut short, or not a database at all.
    #[error("the store at {path} is damaged: {what}")]
    Damaged { path: PathBuf, what: String },
    /// The file is a database, but another program's.
    #[error("the database at {path} belongs to another program")]
    Foreign { path: PathBuf },
    /// A newer build has written the store.
    #[error("the store has schema {found}, this build reads up to {newest}")]
    NewerSchema { found: u32, newest: u32 },
    /// The database refused a change; nothing of it was kept.
    #[error("cannot write to the store")]
    Write(#[source] DatabaseError),
    /// The database could not be read.
    #[error("cannot read from the store")]
    Read(#[source] DatabaseError),
    /// A table that nothing may be evicted from has reached its bound.
    #[error("the {table} is full at {rows_max} entries")]
    Full { table: &'static str, rows_max: u64 },
}

impl StoreError {
    pub(crate) fn write(source: rusqlite::Error) -> Self {
        Self::Write(DatabaseError(source))
    }

    pub(crate) fn read(source: rusqlite::Error) -> Self {
        Self::Read(DatabaseError(source))
    }
}
