//! History: what the file says of how much is kept, and what that means.

use std::time::Duration;

use aegis_store::HistoryBounds;
use serde::{Deserialize, Serialize};

use super::{ConfigError, resolve::within};

const DAY: Duration = Duration::from_secs(86_400);

/// How much history is kept.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawHistory {
    pub days: u32,
    pub entries_max: u32,
    pub mib_max: u32,
}

impl Default for RawHistory {
    fn default() -> Self {
        Self {
            days: 90,
            entries_max: 1_000_000,
            mib_max: 512,
        }
    }
}

pub(super) fn history(raw: &RawHistory) -> Result<HistoryBounds, ConfigError> {
    let entries_max = within("history.entries_max", raw.entries_max, 1000, 100_000_000)?;
    let mib_max = within("history.mib_max", raw.mib_max, 1, 1_048_576)?;
    Ok(HistoryBounds {
        keep_for: DAY * within("history.days", raw.days, 1, 3650)?,
        rows_max: entries_max.into(),
        bytes_max: u64::from(mib_max) * 1024 * 1024,
    })
}
