//! Imports: what another program blocked, many at a time.

use std::num::NonZeroU32;

use aegis_core::{Description, Indicator, ThreatType};
use serde::{Deserialize, Serialize};

use crate::{ErrorCode, encoding::text};

/// Entries of one request at most: the node takes some ten milliseconds for them, and whoever has more
/// sends several requests.
pub const IMPORT_ENTRIES_MAX: usize = 5_000;

/// The largest body of such a request in bytes: some 200 for each entry.
pub const IMPORT_BYTES_MAX: usize = 1024 * 1024;

/// Blocks what another program blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// From where, in words for the audit log.
    #[serde(with = "crate::encoding::description")]
    pub source: Option<Description>,
    /// What was blocked there: [`IMPORT_ENTRIES_MAX`] at most.
    pub entries: Vec<ImportEntry>,
    /// About how many more entries come in later requests, so that the kernel's tables grow once.
    #[serde(default)]
    pub follow: u32,
}

/// One thing that another program blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEntry {
    /// What.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// For how many seconds more; thirty days of them count at most.
    pub duration_secs: NonZeroU32,
    /// What it did, as the other program calls it.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
}

/// What became of an import.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Imported {
    /// How many of the entries are blocked.
    pub blocked: u64,
    /// Those that are not, each with the reason.
    pub refused: Vec<ImportRefusal>,
}

/// An entry that is not blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImportRefusal {
    /// Which.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for a person.
    pub message: String,
}
