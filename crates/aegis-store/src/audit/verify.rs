//! Whether the audit log is still what the node wrote.

use rusqlite::{Connection, Row};

use super::{
    AuditHash,
    chain::{Head, RawRow},
};

/// What recomputing the chain of the audit log found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditReport {
    /// How many rows were read and found good.
    pub rows: u64,
    /// The number of the last row written; 0 for an empty log.
    pub last_seq: u64,
    /// The hash of the last row written. Who notes it elsewhere can tell later that nothing
    /// before it has changed.
    pub head: AuditHash,
    /// The first thing that is wrong, if any.
    pub fault: Option<AuditFault>,
}

/// What breaks the chain of the audit log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuditFault {
    /// The row with this number does not say what its hash was made from.
    Altered { seq: u64 },
    /// The row with this number is gone, and rows after it are there.
    Missing { seq: u64 },
    /// Every row is good, but the log ends with another than the last one written.
    WrongEnd { last_written: u64, last_found: u64 },
}

/// Recomputes the chain from its start to its end.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<AuditReport> {
    let head = Head::read(connection)?;
    let mut report = AuditReport {
        rows: 0,
        last_seq: number(head.seq),
        head: head.hash,
        fault: None,
    };
    let mut statement = connection.prepare(
        "SELECT seq, at, actor, action, indicator, detail, hash FROM audit ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let mut end = Head::START;
    while let Some(row) = rows.next()? {
        match follow(end, row) {
            Ok(next) => end = next,
            Err(fault) => {
                report.fault = Some(fault);
                return Ok(report);
            }
        }
        report.rows += 1;
    }
    if end != head {
        report.fault = Some(AuditFault::WrongEnd {
            last_written: number(head.seq),
            last_found: number(end.seq),
        });
    }
    Ok(report)
}

/// Returns the end of the chain after `row`, where `end` was the end before it.
fn follow(end: Head, row: &Row<'_>) -> Result<Head, AuditFault> {
    let expected = end.seq + 1;
    let altered = AuditFault::Altered {
        seq: number(expected),
    };
    let raw = RawRow::read(row).map_err(|_| altered)?;
    if raw.seq > expected {
        return Err(AuditFault::Missing {
            seq: number(expected),
        });
    }
    let hash = row.get("hash").map(AuditHash).map_err(|_| altered)?;
    let next = Head { seq: raw.seq, hash };
    if raw.seq == expected && raw.hash(end.hash) == hash {
        Ok(next)
    } else {
        Err(AuditFault::Altered {
            seq: number(raw.seq),
        })
    }
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
