//! How the audit log stays bounded: its oldest rows move to a file, and a row in the chain says so.

use std::{io, path::Path};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{
    archive,
    chain::{CUT, Link, Mark, RawRow},
    last_seq,
};
use crate::{
    StoreError,
    read::{self, CorruptRow},
};

/// How much of the audit log is kept in the store, and how much leaves it at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutRule {
    /// The most rows that stay, not counting up to one segment more.
    pub(crate) rows_max: i64,
    /// Rows that leave together.
    pub(crate) segment_rows: i64,
    /// Segments kept as files; the oldest goes.
    pub(crate) segments_max: usize,
}

/// A million rows are about 0.2 GB and, at what one neighbour may cause with his budget of 20
/// alerts a second, half a day; the files hold two days more in 0.8 GB. One segment is moved in
/// about a tenth of a second.
pub(crate) const CUT_RULE: CutRule = CutRule {
    rows_max: 1_000_000,
    segment_rows: 20_000,
    segments_max: 200,
};

/// Moves the oldest segments out until the log is within its bound.
///
/// Files go to the directory `archive`; a store in memory has none and drops them.
pub(crate) fn cut(
    connection: &mut Connection,
    archive: Option<&Path>,
    rule: CutRule,
) -> Result<(), StoreError> {
    loop {
        let base = Link::read(connection, Mark::Base).map_err(StoreError::read)?;
        let head = Link::read(connection, Mark::Head).map_err(StoreError::read)?;
        if head.seq - base.seq < rule.rows_max.saturating_add(rule.segment_rows) {
            return Ok(());
        }
        let through = base.seq + rule.segment_rows;
        if let Some(directory) = archive {
            let rows = segment(connection, through).map_err(StoreError::read)?;
            let written = archive::write(directory, &rows)
                .and_then(|()| archive::keep_newest(directory, rule.segments_max));
            written.map_err(|source| archive_error(directory, source))?;
        }
        move_base(connection, through).map_err(StoreError::write)?;
        tracing::info!(through, "Audit log cut");
    }
}

fn archive_error(directory: &Path, source: io::Error) -> StoreError {
    StoreError::Open {
        path: directory.to_owned(),
        source,
    }
}

/// Reads what is to leave: every row up to `through`, whatever it says.
fn segment(connection: &Connection, through: i64) -> rusqlite::Result<Vec<(RawRow, Vec<u8>)>> {
    let sql = format!(
        "SELECT seq, at, actor, action, indicator, detail, hash FROM audit
         WHERE seq <= {through} ORDER BY seq"
    );
    let rows = read::read(connection, &sql, |row| {
        let raw = RawRow::read(row).map_err(|_| CorruptRow("audit"))?;
        Ok((raw, read::column(row, "hash")?))
    })?;
    Ok(rows.items)
}

/// Removes the rows up to `through` and appends the row that says so, with the hash that the
/// first row left is chained to.
fn move_base(connection: &mut Connection, through: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let head = Link::read(&transaction, Mark::Head)?;
    let base = new_base(&transaction, through)?;
    let row = RawRow {
        seq: last_seq(&transaction, head)?.saturating_add(1),
        at: last_at(&transaction)?,
        actor: "node".to_owned(),
        action: CUT.to_owned(),
        indicator: None,
        detail: base.cut_detail(),
    };
    head.append(&transaction, &row)?
        .write(&transaction, Mark::Head)?;
    base.write(&transaction, Mark::Base)?;
    transaction.execute("DELETE FROM audit WHERE seq <= ?1", [through])?;
    transaction.commit()
}

/// Returns the link of the last row that leaves.
///
/// Where somebody took rows away, what is left does not follow upon it, which `verify` tells:
/// cutting must not wipe out that trace.
fn new_base(connection: &Connection, through: i64) -> rusqlite::Result<Link> {
    let sql = "SELECT seq, hash FROM audit WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
    let last = connection
        .query_row(sql, [through], |row| Ok(Link::from_row(row).ok()))
        .optional()?;
    let old = Link::read(connection, Mark::Base)?;
    Ok(last.flatten().unwrap_or(Link {
        seq: through,
        hash: old.hash,
    }))
}

/// Returns the time of the last row: no clock is here, and nothing was done since.
fn last_at(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT at FROM audit ORDER BY seq DESC LIMIT 1";
    let at = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(at.unwrap_or(0))
}

#[cfg(test)]
mod tests;
