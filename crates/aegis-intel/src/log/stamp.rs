//! Times as logs write them.

use aegis_core::Timestamp;

/// Days of a year before each month, without a leap day.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When something was written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stamp {
    /// At this time.
    At(Timestamp),
    /// At this month (1…12), day and second of the day, by the clock on the host's wall.
    Local {
        /// 1…12.
        month: u8,
        /// 1…31.
        day: u8,
        /// Since midnight.
        secs: u32,
    },
}

impl Stamp {
    /// Reads RFC 3339, as in `2026-11-20T12:00:00.123456+01:00`.
    pub fn rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_shaped =
            bytes.len() >= 20 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'T';
        if !is_shaped || !text.is_ascii() {
            return None;
        }
        let date = (
            digits(&text[..4])?,
            digits(&text[5..7])?,
            digits(&text[8..10])?,
        );
        let secs = clock(&text[11..19])?;
        let rest = &text[19..];
        let (millis, zone) = match rest.strip_prefix('.') {
            None => (0, rest),
            Some(fraction) => {
                let end = fraction.find(|it: char| !it.is_ascii_digit())?;
                let (fraction, zone) = fraction.split_at(end);
                let three: String = fraction.chars().chain("000".chars()).take(3).collect();
                (digits(&three)?, zone)
            }
        };
        let offset = if zone == "Z" {
            0
        } else {
            zone_secs(&zone.replacen(':', "", 1))?
        };
        at(date, secs, offset).map(|it| Self::At(Timestamp::from_millis(it * 1000 + millis)))
    }

    /// Reads what syslog wrote before, as in `Nov  5 07:08:09`.
    pub fn traditional(text: &str) -> Option<Self> {
        if text.len() != 15 || !text.is_ascii() || text.as_bytes()[6] != b' ' {
            return None;
        }
        let month = month(&text[..3])?;
        let day = digits(text[4..6].trim_start())?;
        let secs = clock(&text[7..])?;
        let is_day = (1..=31).contains(&day) && text.as_bytes()[3] == b' ';
        is_day.then_some(Self::Local {
            month,
            day: u8::try_from(day).ok()?,
            secs: u32::try_from(secs).ok()?,
        })
    }

    /// Reads what web servers write, as in `20/Nov/2026:12:00:00 +0100`.
    pub fn access(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 26 && bytes[2] == b'/' && bytes[6] == b'/';
        if !is_shaped || !text.is_ascii() || bytes[11] != b':' || bytes[20] != b' ' {
            return None;
        }
        let date = (
            digits(&text[7..11])?,
            month(&text[3..6])?.into(),
            digits(&text[..2])?,
        );
        let secs = at(date, clock(&text[12..20])?, zone_secs(&text[21..])?)?;
        Some(Self::At(Timestamp::from_secs(secs)))
    }

    /// Returns when that was, on a host whose wall clock is `offset_secs` before UTC at `now`: in
    /// the year that brings it nearest to `now`.
    pub fn resolve(self, now: Timestamp, offset_secs: i64) -> Timestamp {
        match self {
            Self::At(it) => it,
            Self::Local { month, day, secs } => {
                resolve_local(now, offset_secs, (month, day, secs)).unwrap_or(now)
            }
        }
    }
}

/// Returns the time nearest to `now` that a wall clock showed as this month, day and second.
pub fn resolve_local(
    now: Timestamp,
    offset_secs: i64,
    (month, day, secs): (u8, u8, u32),
) -> Option<Timestamp> {
    let year = 1970 + now.as_secs() / 31_556_952;
    let candidates = (year.saturating_sub(1)..=year + 1).filter_map(|year| {
        let date = (year, month.into(), day.into());
        at(date, secs.into(), offset_secs).map(Timestamp::from_secs)
    });
    candidates.min_by_key(|it| now.since(*it).max(it.since(now)))
}

/// Returns the seconds since 1970 of a time on a wall clock that is `offset` before UTC.
fn at((year, month, day): (u64, u64, u64), secs: u64, offset: i64) -> Option<u64> {
    let is_date =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date {
        return None;
    }
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - 477; // those before 1970
    let month_at = usize::try_from(month - 1).ok()?;
    let days = (year - 1970) * 365 + leap_days + DAYS_BEFORE[month_at] + day - 1;
    let days = days + u64::from(is_leap && month > 2);
    (days * 86_400 + secs).checked_add_signed(-offset)
}

/// Reads `12:34:56`; a leap second is the last of its minute.
fn clock(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&text[..2])?, digits(&text[3..5])?);
    let second = digits(&text[6..])?;
    let is_time = hour < 24 && minute < 60 && second <= 60;
    is_time.then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// Reads `+0130` as seconds.
fn zone_secs(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    if rest.len() != 4 {
        return None;
    }
    let (hours, minutes) = (digits(&rest[..2])?, digits(&rest[2..])?);
    let secs = i64::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours <= 14 && minutes < 60).then_some(sign * secs)
}

fn month(text: &str) -> Option<u8> {
    let found = MONTHS.iter().position(|it| *it == text)?;
    u8::try_from(found + 1).ok()
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
