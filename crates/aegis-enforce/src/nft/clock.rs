//! The clock that the kernel's timeouts run by, beside the wall clock that is given in.

#![expect(unsafe_code, reason = "asks the kernel for its clock")]

use std::time::Duration;

use aegis_core::Timestamp;

/// A step of the wall clock against the kernel's that is worth writing every deadline anew for.
const DRIFT_MILLIS_MAX: u64 = 500;

/// Wall-clock time less the kernel's. The kernel's stands still while the host sleeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// As it was told last.
    offset_millis: i64,
    /// As it was when every deadline was written.
    settled_millis: i64,
}

impl Clock {
    pub(super) fn new(now: Timestamp) -> Self {
        let mut clock = Self {
            offset_millis: 0,
            settled_millis: 0,
        };
        clock.note(now);
        clock.settle();
        clock
    }

    /// Takes in what time it is.
    pub(super) fn note(&mut self, now: Timestamp) {
        self.offset_millis = now.as_millis() as i64 - uptime().as_millis() as i64;
    }

    /// Notes that every deadline is written by what is known of the time now.
    pub(super) fn settle(&mut self) {
        self.settled_millis = self.offset_millis;
    }

    /// Returns whether the wall clock is another than it was when the deadlines were written.
    pub(super) fn has_drifted(&self) -> bool {
        self.offset_millis.abs_diff(self.settled_millis) > DRIFT_MILLIS_MAX
    }

    /// Returns the present, which is some time after the last that was told.
    pub(super) fn present(&self) -> Timestamp {
        let millis = uptime().as_millis() as i64 + self.offset_millis;
        Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

/// Returns for how long the host has been awake.
pub(super) fn uptime() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a live structure; this clock is there on every kernel, so the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(secs, u32::try_from(time.tv_nsec).unwrap_or(0))
}
