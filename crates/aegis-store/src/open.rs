//! Opening a store: its directory, file and lock, then whether it is ours, whole and current.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use crate::{
    StoreError,
    lock::StoreLock,
    schema::{self, Identity},
};

/// SQLite takes a shorter file for an empty one and would write over what is left of it.
const FILE_BYTES_MIN: u64 = 512;

/// How long to wait for somebody who looks into the file with another tool.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Prepared statements kept: more than the crate has, so none is compiled twice.
const STATEMENTS_MAX: usize = 64;

/// The log is cut back to this after a checkpoint, so a burst does not keep its disk space.
const LOG_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// Pages in the log from which the store moves it into its file by itself, at a commit: 64 MiB,
/// what some fifteen thousand alerts fill. A [`Syncer`](crate::Syncer) moves it long before, in a
/// thread of its own; this bounds the log where there is none, or where it does not keep up.
pub(crate) const LOG_PAGES_MAX: u32 = 16_384;

/// Pages that are kept in memory, KiB. Alerts lie in the order of their ids, which is none, so a hundred
/// thousand that come at once read and write pages all over the file.
const CACHE_KIB_MAX: i32 = 32 * 1024;

/// The same while much is written in the order of its keys: no page is wanted again.
const CACHE_KIB_IN_ORDER: i32 = 4 * 1024;

/// Every file exists before it is opened, and a connection stays with one thread at a time.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Opens the store at `path`, making it where there is none, and brings its schema up to date.
pub(crate) fn open(path: &Path) -> Result<(Connection, StoreLock), StoreError> {
    let open_error = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    let path = true_path(path).map_err(open_error)?;
    let lock = StoreLock::acquire(&path)?;
    let bytes = make_file(&path).map_err(open_error)?;
    refuse_stump(&path, bytes)?;
    let damaged = |error| damaged(&path, error);
    let mut connection = Connection::open_with_flags(&path, FLAGS).map_err(damaged)?;
    harden(&connection).map_err(damaged)?;
    let found = current_schema(&connection, &path)?;
    check_whole(&connection, &path)?;
    write_ahead(&connection).map_err(damaged)?;
    schema::migrate(&mut connection, found, &schema::MIGRATIONS).map_err(StoreError::write)?;
    Ok((connection, lock))
}

/// Opens a second connection to an open store, which moves the log and writes nothing itself.
pub(crate) fn beside(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, FLAGS)?;
    harden(&connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

/// Opens a store that lives and dies with its owner.
pub(crate) fn in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory().map_err(StoreError::read)?;
    harden(&connection).map_err(StoreError::read)?;
    schema::migrate(&mut connection, 0, &schema::MIGRATIONS).map_err(StoreError::write)?;
    Ok(connection)
}

/// Makes the directory where there is none and returns the file's one true path, so that two
/// ways to the same file meet at the same lock.
///
/// The file itself is not opened: closing it again would end the locks that a store which this
/// process has open already holds on it.
fn true_path(path: &Path) -> io::Result<PathBuf> {
    let directory = match path.parent() {
        Some(it) if !it.as_os_str().is_empty() => it,
        None | Some(_) => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
            Ok(fs::canonicalize(directory)?.join(name))
        }
        found => found,
    }
}

/// Makes the file where there is none, makes sure that nobody else may read it, and returns how
/// many bytes it has.
fn make_file(path: &Path) -> io::Result<u64> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(metadata.len())
}

fn refuse_stump(path: &Path, bytes: u64) -> Result<(), StoreError> {
    if (1..FILE_BYTES_MIN).contains(&bytes) {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            what: format!("only {bytes} bytes are left of it"),
        });
    }
    Ok(())
}

/// Takes from the file every power that a forged schema could use against its reader.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Write-ahead log, synced at every commit.
///
/// `NORMAL` would sync only at checkpoints and could lose the last commits with the power; what
/// `apply` has acknowledged is relied upon, so it must be on the disk.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let journal_mode = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    connection.pragma_update_and_check(None, "journal_mode", "wal", journal_mode)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES_MAX, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB_MAX)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_MAX, |_| Ok(()))
}

/// Says whether the commits to come are synced each.
pub(crate) fn sync_at_commit(connection: &Connection, is_synced: bool) -> rusqlite::Result<()> {
    connection.pragma_update(
        None,
        "synchronous",
        if is_synced { "full" } else { "normal" },
    )
}

/// Says whether much is written in the order of its keys, for which few pages are enough.
pub(crate) fn write_in_order(connection: &Connection, is_in_order: bool) -> rusqlite::Result<()> {
    let kib = if is_in_order {
        CACHE_KIB_IN_ORDER
    } else {
        CACHE_KIB_MAX
    };
    connection.pragma_update(None, "cache_size", -kib)
}

/// Returns the schema of a store of ours, 0 for a new file, without having changed anything.
fn current_schema(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    match schema::identify(connection).map_err(|error| damaged(path, error))? {
        Identity::New => Ok(0),
        Identity::Ours(found) if found <= schema::NEWEST => Ok(found),
        Identity::Ours(found) => Err(StoreError::NewerSchema {
            found,
            newest: schema::NEWEST,
        }),
        Identity::Foreign => Err(StoreError::Foreign {
            path: path.to_owned(),
        }),
    }
}

fn check_whole(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let finding: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| damaged(path, error))?;
    if finding == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged {
        path: path.to_owned(),
        what: finding,
    })
}

/// Returns what SQLite's full check finds, and whether the history is counted as it is.
pub(crate) fn findings(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut findings: Vec<String> = lines.collect::<rusqlite::Result<_>>()?;
    findings.retain(|it| it != "ok");
    let counts_are_right: bool = connection.query_row(
        "SELECT (rows, peers_rows, bytes) IS
            (SELECT count(*), coalesce(sum(is_peers), 0), coalesce(sum(bytes), 0) FROM history)
         FROM history_size",
        [],
        |row| row.get(0),
    )?;
    if !counts_are_right {
        findings.push("the history is not counted as it is".to_owned());
    }
    Ok(findings)
}

/// Tells a damaged file from one that cannot be read just now.
fn damaged(path: &Path, error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error_code();
    if matches!(
        code,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    ) {
        StoreError::Damaged {
            path: path.to_owned(),
            what: error.to_string(),
        }
    } else {
        StoreError::read(error)
    }
}
