//! The only place that looks at a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aegis_core::Timestamp;
use tokio::time::Instant;

/// Tells the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Returns the time of day, UTC.
    pub fn now(self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
        let now = SystemTime::now();
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::EPOCH + since_epoch
    }

    /// Returns a moment to measure from and to sleep until; it never goes back.
    pub(super) fn instant(self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
        let now = Instant::now();
        now
    }
}
