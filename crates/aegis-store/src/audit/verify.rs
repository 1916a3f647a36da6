//! Whether the audit log is still what the node wrote.

use std::fmt;

use rusqlite::{Connection, Row};

use super::{
    AuditHash,
    chain::{CUT, Link, Mark, RawRow},
};

/// What recomputing the chain of the audit log found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditReport {
    /// How many rows were read and found good.
    pub rows: u64,
    /// The number of the last row that was cut off the start; 0 for a whole log.
    pub cut_through: u64,
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
    /// Every row is good, but none says that the log was cut where it begins.
    WrongStart { seq: u64 },
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq } => {
                write!(f, "row {seq} does not say what its hash was made from")
            }
            Self::Missing { seq } => write!(f, "row {seq} is gone, and rows after it are there"),
            Self::WrongEnd {
                last_written,
                last_found,
            } => write!(
                f,
                "it ends with row {last_found}, the last one written was {last_written}"
            ),
            Self::WrongStart { seq } => {
                write!(
                    f,
                    "it begins at row {seq}, and nothing says that it was cut there"
                )
            }
        }
    }
}

/// Recomputes the chain from its start to its end.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<AuditReport> {
    let base = Link::read(connection, Mark::Base)?;
    let head = Link::read(connection, Mark::Head)?;
    let mut walk = Walk {
        end: base,
        rows: 0,
        last_cut: Link::START.cut_detail(),
    };
    let fault = match walk.rows(connection)? {
        Some(fault) => Some(fault),
        None => walk.ends_wrong(base, head),
    };
    Ok(AuditReport {
        rows: walk.rows,
        cut_through: number(base.seq),
        last_seq: number(head.seq),
        head: head.hash,
        fault,
    })
}

/// A walk along the chain, as far as every row is good.
struct Walk {
    end: Link,
    rows: u64,
    last_cut: String,
}

impl Walk {
    /// Goes through all rows, or to the first one that breaks the chain.
    fn rows(&mut self, connection: &Connection) -> rusqlite::Result<Option<AuditFault>> {
        let mut statement = connection.prepare(
            "SELECT seq, at, actor, action, indicator, detail, hash FROM audit ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(fault) = self.step(row) {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn step(&mut self, row: &Row<'_>) -> Result<(), AuditFault> {
        let expected = self.end.seq.saturating_add(1);
        let seq = number(expected);
        let raw = RawRow::read(row).map_err(|_| AuditFault::Altered { seq })?;
        if raw.seq > expected {
            return Err(AuditFault::Missing { seq });
        }
        let seq = number(raw.seq);
        let hash = row.get("hash").map(AuditHash);
        let hash = hash.map_err(|_| AuditFault::Altered { seq })?;
        if raw.seq < expected || raw.hash(self.end.hash) != hash {
            return Err(AuditFault::Altered { seq });
        }
        let link = Link { seq: raw.seq, hash };
        if raw.action == CUT {
            self.last_cut = raw.detail;
        }
        self.end = link;
        self.rows += 1;
        Ok(())
    }

    fn ends_wrong(&self, base: Link, head: Link) -> Option<AuditFault> {
        if self.end != head {
            return Some(AuditFault::WrongEnd {
                last_written: number(head.seq),
                last_found: number(self.end.seq),
            });
        }
        let attested = self.last_cut == base.cut_detail();
        (!attested).then_some(AuditFault::WrongStart {
            seq: number(base.seq.saturating_add(1)),
        })
    }
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
