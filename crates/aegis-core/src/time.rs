//! Points in time as the node sees them: UTC, in milliseconds, always given in from outside.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// UTC milliseconds since 1970-01-01T00:00:00Z.
///
/// Arithmetic saturates at both ends: peers send numbers, and no number of theirs may overflow.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The start of Unix time, the smallest timestamp.
    pub const EPOCH: Self = Self(0);

    /// Returns the timestamp `millis` milliseconds after the start of Unix time.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the timestamp `secs` seconds after the start of Unix time.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Returns the milliseconds since the start of Unix time.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the whole seconds since the start of Unix time, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the start of the second this lies in: what the wire can carry.
    pub const fn floor_to_secs(self) -> Self {
        Self(self.0 - self.0 % 1000)
    }

    /// Returns how long after `earlier` this is, or zero where it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(millis(later)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(millis(earlier)))
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC to the second, as in `2026-11-20T12:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.as_secs();
        let (year, month, day) = civil_date(secs / 86_400);
        let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns year, month and day of a day number since 1970-01-01 in the proleptic Gregorian
/// calendar, by counting from a year that starts in March so that the leap day comes last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // days from 0000-03-01 to 1970-01-01
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
