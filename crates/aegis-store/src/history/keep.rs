//! How the history stays bounded: the oldest goes, some rows at a time.

use std::time::Duration;

use aegis_core::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::write::millis;

/// Rows removed in one transaction: some milliseconds' work, which is as long as the node may have
/// to wait for it.
const STEP_ROWS: i64 = 256;

/// Part of the rows that peers may fill before theirs go first.
const PEERS_PART: i64 = 2;

/// How much history is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HistoryBounds {
    /// How long.
    pub keep_for: Duration,
    /// How many entries at most.
    pub rows_max: u64,
    /// How many bytes at most, indexes included, about.
    pub bytes_max: u64,
}

/// How much there is.
struct Size {
    rows: i64,
    peers_rows: i64,
    bytes: i64,
}

/// Removes some of what is too old or too much at `now`, all or none of it; returns whether there
/// was anything.
pub(crate) fn keep_step(
    connection: &Connection,
    now: Timestamp,
    bounds: &HistoryBounds,
) -> rusqlite::Result<bool> {
    let since = millis(now - bounds.keep_for);
    if !is_due(connection, since, bounds)? {
        return Ok(false);
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut gone = remove(
        &transaction,
        "DELETE FROM history WHERE seq IN
            (SELECT seq FROM history WHERE at < ?2 ORDER BY at, seq LIMIT ?1)
         RETURNING is_peers, bytes",
        &[&STEP_ROWS, &since],
    )?;
    if gone.rows == 0 {
        gone = remove_surplus(&transaction, bounds)?;
    }
    transaction.execute(
        "UPDATE history_size
         SET rows = rows - ?1, peers_rows = peers_rows - ?2, bytes = bytes - ?3",
        params![gone.rows, gone.peers_rows, gone.bytes],
    )?;
    transaction.commit()?;
    Ok(gone.rows > 0)
}

/// Finds out whether there is anything to do, without holding up whoever writes.
fn is_due(connection: &Connection, since: i64, bounds: &HistoryBounds) -> rusqlite::Result<bool> {
    let has_old = "SELECT EXISTS (SELECT 1 FROM history WHERE at < ?1)";
    let has_old: bool = connection
        .prepare_cached(has_old)?
        .query_row([since], |row| row.get(0))?;
    Ok(has_old || size(connection)?.surplus(bounds) > 0)
}

fn size(connection: &Connection) -> rusqlite::Result<Size> {
    let sql = "SELECT rows, peers_rows, bytes FROM history_size";
    connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Size {
            rows: row.get(0)?,
            peers_rows: row.get(1)?,
            bytes: row.get(2)?,
        })
    })
}

impl Size {
    /// Returns how many rows must go, about where it is their bytes that are too many.
    fn surplus(&self, bounds: &HistoryBounds) -> i64 {
        let limit = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        let rows = self.rows - limit(bounds.rows_max);
        let bytes = self.bytes - limit(bounds.bytes_max);
        if bytes <= 0 {
            return rows.max(0);
        }
        let row_bytes = (self.bytes / self.rows.max(1)).max(1);
        rows.max(bytes / row_bytes + 1).min(self.rows)
    }
}

/// Removes the oldest; of peers' first where those fill more than their part.
fn remove_surplus(connection: &Connection, bounds: &HistoryBounds) -> rusqlite::Result<Size> {
    let size = size(connection)?;
    let count = size.surplus(bounds).min(STEP_ROWS);
    let sql = if size.peers_rows > size.rows / PEERS_PART {
        "DELETE FROM history WHERE seq IN
            (SELECT seq FROM history WHERE is_peers ORDER BY at, seq LIMIT ?1)
         RETURNING is_peers, bytes"
    } else {
        "DELETE FROM history WHERE seq IN (SELECT seq FROM history ORDER BY at, seq LIMIT ?1)
         RETURNING is_peers, bytes"
    };
    remove(connection, sql, &[&count])
}

fn remove(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Size> {
    let mut gone = Size {
        rows: 0,
        peers_rows: 0,
        bytes: 0,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        gone.rows += 1;
        gone.peers_rows += row.get::<_, i64>(0)?;
        gone.bytes += row.get::<_, i64>(1)?;
    }
    Ok(gone)
}
