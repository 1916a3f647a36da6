//! Waiting for a state, not for a time.

use std::{thread, time::Duration};

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(20);

/// How often is looked at most: 30 seconds, far more than anything takes, for busy machines.
const LOOKS_MAX: u32 = 1500;

/// Looks until there is something to return; fails, naming `what`, where it takes too long.
#[track_caller]
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    in_time(look).unwrap_or_else(|| panic!("waited in vain: {what}"))
}

/// Looks until there is something to return, or it takes too long.
pub(crate) fn in_time<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS_MAX {
        let found = look();
        if found.is_some() {
            return found;
        }
        thread::sleep(INTERVAL);
    }
    None
}
