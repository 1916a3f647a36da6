//! The only place here that looks at a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aegis_api::Timestamp;
use tokio::time::Instant;

/// Tells the time, which goes on whatever somebody does to the clock of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    told: Timestamp,
    told_at: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            told: time_of_day(),
            told_at: instant(),
        }
    }

    /// Returns the time of day; where that was set back, it goes on from where it was.
    pub(crate) fn now(&mut self) -> Timestamp {
        let instant = instant();
        let least = self.told + (instant - self.told_at);
        self.told = least.max(time_of_day());
        self.told_at = instant;
        self.told
    }
}

/// Returns a moment to measure from; it never goes back.
pub(crate) fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    let now = Instant::now();
    now
}

fn time_of_day() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    let now = SystemTime::now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::from_millis(0) + since_epoch
}
