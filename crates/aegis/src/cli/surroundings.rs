//! What the process finds around it: who runs it, and where that user keeps things.

use std::path::PathBuf;

use crate::config::Surroundings;

/// Returns who runs this process and where that user keeps things.
pub(crate) fn surroundings() -> Surroundings {
    let uid = effective_uid();
    let home = || std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".local/state"));
    Surroundings {
        is_root: uid == 0,
        uid,
        state_home: std::env::var_os("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(home),
        runtime_home: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
    }
}

/// Returns the effective user id from `/proc/self/status`, that of nobody where it cannot be read.
fn effective_uid() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("Uid:"));
    line.and_then(|it| it.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(65_534)
}
