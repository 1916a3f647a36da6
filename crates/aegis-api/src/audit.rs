//! The audit log: whether it is still what the node wrote.

use serde::{Deserialize, Serialize};

/// What recomputing the chain of the audit log found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditReport {
    /// Whether every row is what the node wrote, and none is missing.
    pub whole: bool,
    /// How many rows were found good.
    pub rows: u64,
    /// The number of the last row that moved to a file; 0 where none did.
    pub cut_through: u64,
    /// The number of the last row written; 0 for an empty log.
    pub last_seq: u64,
    /// The hash of the last row written, in hexadecimal digits. Who notes it elsewhere can tell
    /// later that nothing before it has changed.
    pub head: String,
    /// The first thing that is wrong, in words for a person.
    pub fault: Option<String>,
}
