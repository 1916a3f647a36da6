//! The kernel's tick counter, by which blocks expire, against the daemon's time.
//!
//! Jiffies stand still while the host sleeps and the wall clock may step, so the two are compared
//! afresh at every use: a tiny program reads the counter, a few microseconds away.

#![expect(unsafe_code, reason = "asks the C library for the length of a tick")]

use std::{io, os::fd::OwnedFd, time::Duration};

use aegis_abi::Clock;
use aegis_core::Timestamp;

use crate::{
    EnforceError,
    sys::{KernelMap, run_program},
};

/// The shortest frame that a test run takes.
const FRAME: [u8; 64] = [0; 64];

/// A way to read the tick counter.
#[derive(Debug)]
pub(crate) struct TickClock {
    program: OwnedFd,
    value: KernelMap,
    hz: u64,
}

/// One moment in both times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ticks {
    pub(super) jiffies: u64,
    pub(super) now: Timestamp,
    pub(super) hz: u64,
}

impl TickClock {
    pub(super) fn new(program: OwnedFd, value: KernelMap) -> Self {
        Self {
            program,
            value,
            hz: ticks_per_second(),
        }
    }

    /// Returns ticks a second.
    pub(crate) fn hz(&self) -> u64 {
        self.hz
    }

    /// Returns another handle of the same clock.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            program: self.program.try_clone()?,
            value: self.value.try_clone()?,
            hz: self.hz,
        })
    }

    /// Reads the tick counter.
    pub(crate) fn jiffies(&self) -> io::Result<u64> {
        run_program(&self.program, &FRAME, 1)?;
        let clock = self.value.get::<u32, Clock>(&0)?;
        Ok(clock.unwrap_or_default().jiffies)
    }

    /// Reads the tick counter at `now`.
    pub(super) fn read(&self, now: Timestamp) -> Result<Ticks, EnforceError> {
        let jiffies = self
            .jiffies()
            .map_err(EnforceError::kernel("read the kernel's clock"))?;
        Ok(Ticks {
            jiffies,
            now,
            hz: self.hz,
        })
    }
}

impl Ticks {
    /// Returns the first jiffy at which a block until `expires_at` is over: never early. Zero
    /// where it is over already.
    pub(super) fn deadline(&self, expires_at: Timestamp) -> u64 {
        let left = expires_at.since(self.now);
        if left.is_zero() {
            return 0;
        }
        // One more: the current tick began some time ago.
        self.jiffies
            .saturating_add(jiffies_in(left, self.hz))
            .saturating_add(1)
    }

    /// Returns when jiffy `deadline` begins, rounded up.
    pub(super) fn timestamp(&self, jiffy: u64) -> Timestamp {
        if jiffy < self.jiffies {
            return self.now - duration_of(self.jiffies - jiffy, self.hz);
        }
        self.now + duration_of(jiffy - self.jiffies, self.hz)
    }

    /// Returns wall-clock time less ticks, in milliseconds: it moves when the host slept or the
    /// wall clock stepped.
    pub(super) fn offset_millis(&self) -> i64 {
        let ticks = duration_of(self.jiffies, self.hz).as_millis() as i64;
        self.now.as_millis() as i64 - ticks
    }
}

/// Returns how many jiffies `duration` takes, rounded up.
pub(crate) fn jiffies_in(duration: Duration, hz: u64) -> u64 {
    let ticks = (duration.as_nanos() * u128::from(hz)).div_ceil(1_000_000_000);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Returns how long `jiffies` take, rounded up to a millisecond.
pub(crate) fn duration_of(jiffies: u64, hz: u64) -> Duration {
    let millis = (u128::from(jiffies) * 1000).div_ceil(u128::from(hz));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Returns by how much jiffies are shifted to be the units in which entries end: some two seconds,
/// so that nothing ends later than that.
pub(super) fn expiry_shift() -> u32 {
    (ticks_per_second() * 21 / 10).max(1).ilog2()
}

/// Returns the kernel's HZ: the coarse clock moves once a tick, and says how far.
fn ticks_per_second() -> u64 {
    const HZ_DEFAULT: u64 = 250;
    let mut resolution = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live `timespec`.
    let result = unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &raw mut resolution) };
    match u64::try_from(resolution.tv_nsec) {
        Ok(nanos @ 1..) if result == 0 => (1_000_000_000 / nanos).max(1),
        Ok(_) | Err(_) => HZ_DEFAULT,
    }
}

#[cfg(test)]
mod tests;
