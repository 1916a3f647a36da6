//! Keys that let others use the node, written and read: their names and hashes, never their secrets.

use aegis_core::{AccessKey, AccessRecord, AccessScope};
use rusqlite::{Connection, Row, params};

use crate::{
    read::{CorruptRow, Readout, column, one_of, read, time},
    write::{execute, millis},
};

/// Writes the row that a record is about.
pub(crate) fn row(connection: &Connection, record: &AccessRecord) -> rusqlite::Result<()> {
    match record {
        AccessRecord::Granted(key) => execute(
            connection,
            "INSERT OR REPLACE INTO access_key (name, scope, secret_hash, created_at)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                key.name.as_str(),
                key.scope.as_str(),
                key.secret_hash,
                millis(key.created_at),
            ],
        ),
        AccessRecord::Revoked(name) => execute(
            connection,
            "DELETE FROM access_key WHERE name = ?1",
            params![name.as_str()],
        ),
    }
}

/// Reads every key, in the order of their names.
pub(crate) fn keys(connection: &Connection) -> rusqlite::Result<Readout<AccessKey>> {
    let sql = "SELECT name, scope, secret_hash, created_at FROM access_key ORDER BY name";
    read(connection, sql, key)
}

fn key(row: &Row<'_>) -> Result<AccessKey, CorruptRow> {
    let name: String = column(row, "name")?;
    Ok(AccessKey {
        name: name.parse().map_err(|_| CorruptRow("name"))?,
        scope: one_of(row, "scope", AccessScope::ALL, AccessScope::as_str)?,
        secret_hash: column(row, "secret_hash")?,
        created_at: time(row, "created_at")?,
    })
}
