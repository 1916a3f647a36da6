//! RFC 3339 in UTC with milliseconds: `2026-11-20T12:00:00.250Z`.

use std::fmt;

use aegis_core::Timestamp;

/// What a text that [`parse`] refuses should have been.
pub(crate) const EXPECTED: &str = "time must be RFC 3339 in UTC, as in 2026-11-20T12:00:00.250Z";

/// Shows a timestamp to the millisecond, as it came.
pub(crate) struct Millis(pub(crate) Timestamp);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to_the_second = self.0.to_string();
        let date_and_time = to_the_second.trim_end_matches('Z');
        write!(f, "{date_and_time}.{:03}Z", self.0.as_millis() % 1000)
    }
}

/// Reads such a text, with or without the fraction; `None` where it is anything else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let (time, millis) = match time.split_once('.') {
        Some((time, fraction)) => (time, digits(fraction, 3)?),
        None => (time, 0),
    };
    let mut date = date.split('-');
    let (year, month, day) = (
        digits(date.next()?, 4)?,
        digits(date.next()?, 2)?,
        digits(date.next()?, 2)?,
    );
    let mut time = time.split(':');
    let (hour, minute, second) = (
        digits(time.next()?, 2)?,
        digits(time.next()?, 2)?,
        digits(time.next()?, 2)?,
    );
    let is_whole = date.next().is_none() && time.next().is_none();
    let is_time = hour < 24 && minute < 60 && second < 60;
    let is_date = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !(is_whole && is_time && is_date) {
        return None;
    }
    let secs = ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    let parsed = Timestamp::from_millis(secs * 1000 + millis);
    // A day that its month does not have comes out as another date.
    parsed
        .to_string()
        .starts_with(text.get(..10)?)
        .then_some(parsed)
}

fn digits(text: &str, count: usize) -> Option<u64> {
    let is_number = text.len() == count && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Counts in years that start in March, so that the leap day comes last.
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let (year, month_from_march) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_to_month = (153 * month_from_march + 2) / 5;
    year * 365 + leap_days + days_to_month + day - 1 - 719_468
}
