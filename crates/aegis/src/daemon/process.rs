//! What the process costs its host, as `/proc` tells; what cannot be read is 0.

use std::fs;

use aegis_api::ProcessUse;
use aegis_core::Timestamp;

use super::memory;

/// Ticks a second in which Linux tells processor time to user space, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns what the process costs; it started about when the daemon did.
pub(super) fn usage(started_at: Timestamp) -> ProcessUse {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (ticks, threads) = ticks_and_threads(&stat).unwrap_or_default();
    ProcessUse {
        resident_bytes: memory::resident_bytes(),
        cpu_secs: ticks as f64 / TICKS_PER_SECOND,
        open_fds: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64,
        threads,
        started_at_secs: started_at.as_secs(),
    }
}

/// Returns the ticks in user space and kernel together, and the threads: fields 14, 15 and 20 of
/// proc(5). The name before them may hold anything, so they are counted from behind it.
fn ticks_and_threads(stat: &str) -> Option<(u64, u64)> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some((number(11)? + number(12)?, number(17)?))
}

#[cfg(test)]
mod tests;
