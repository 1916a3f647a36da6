//! The database of fail2ban, read and never written: here because this crate alone speaks SQLite.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::StoreError;

/// Bans read at most: far more than fail2ban can hold in the kernel.
const BANS_MAX: i64 = 1_000_000;

/// A ban as fail2ban keeps it. Its words are another program's: nothing of them is checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fail2banBan {
    /// Which jail made it.
    pub jail: String,
    /// Of which address.
    pub address: String,
    /// When, in seconds of UTC.
    pub banned_at_secs: i64,
    /// For how many seconds; negative for ever.
    pub ban_secs: i64,
}

/// Reads the bans of a database of fail2ban, over or not.
///
/// The file is opened for reading alone, while fail2ban runs or not. It is an error where it is no such
/// database.
pub fn fail2ban_bans(path: &Path) -> Result<Vec<Fail2banBan>, StoreError> {
    read(path).map_err(StoreError::read)
}

fn read(path: &Path) -> rusqlite::Result<Vec<Fail2banBan>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let mut statement = connection.prepare(
        "SELECT CAST(jail AS TEXT) AS jail, CAST(ip AS TEXT) AS ip,
            CAST(timeofban AS INTEGER) AS timeofban, CAST(bantime AS INTEGER) AS bantime
         FROM bans WHERE jail IS NOT NULL AND ip IS NOT NULL AND timeofban IS NOT NULL
            AND bantime IS NOT NULL
         ORDER BY timeofban LIMIT ?1",
    )?;
    let bans = statement.query_map([BANS_MAX], |row| {
        Ok(Fail2banBan {
            jail: row.get("jail")?,
            address: row.get("ip")?,
            banned_at_secs: row.get("timeofban")?,
            ban_secs: row.get("bantime")?,
        })
    })?;
    bans.collect()
}

#[cfg(test)]
mod tests;
