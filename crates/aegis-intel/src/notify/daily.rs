//! Once a day, at an hour of the clock on the host's wall.

use std::{str::FromStr, time::Duration};

use aegis_core::Timestamp;

const DAY_SECS: i64 = 86_400;

/// A minute of the day, 00:00…23:59.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Daily(u16); // minutes since midnight, less than 1440

/// A text that is no hour of the day.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be an hour such as 07:00")]
pub struct InvalidDaily;

impl Daily {
    /// Returns when it is next after `now`, on a host whose wall clock is `offset_secs` before UTC.
    pub fn next_after(self, now: Timestamp, offset_secs: i64) -> Timestamp {
        let wall = i64::try_from(now.as_secs()).unwrap_or(i64::MAX / 2) + offset_secs;
        let since_midnight = wall.rem_euclid(DAY_SECS);
        let wanted = i64::from(self.0) * 60;
        let ahead = match wanted - since_midnight {
            it if it > 0 => it,
            it => it + DAY_SECS,
        };
        now.floor_to_secs() + Duration::from_secs(ahead.unsigned_abs())
    }
}

impl FromStr for Daily {
    type Err = InvalidDaily;

    fn from_str(text: &str) -> Result<Self, InvalidDaily> {
        let (hours, minutes) = text.split_once(':').ok_or(InvalidDaily)?;
        let number = |it: &str, below: u16| {
            let is_number = it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
            let number = is_number.then(|| it.parse::<u16>().ok()).flatten();
            number.filter(|it| *it < below).ok_or(InvalidDaily)
        };
        Ok(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }
}
