//! Points in time as agents write them: RFC 3339 with any offset, or the way Go shows a time.

use std::{fmt, time::Duration};

use aegis_core::Timestamp;

use crate::encoding::rfc3339;

/// `2026-11-20T17:34:26` or the same with a blank.
const DATE_AND_TIME_BYTES: usize = 19;

/// Reads `2026-11-20T17:34:26.5+01:00`, `…Z`, or `2026-11-20 17:34:26.5 +0100 CET`.
///
/// What is finer than a millisecond is dropped. `None` where it is anything else.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(DATE_AND_TIME_BYTES)?;
    let (date, time) = head.split_once(['T', ' '])?;
    let to_the_second = rfc3339::parse(&format!("{date}T{time}Z"))?;
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|it: char| !it.is_ascii_digit());
            rest.split_at_checked(end.unwrap_or(rest.len()))?
        }
        None => ("", tail),
    };
    let millis = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let moment = to_the_second + Duration::from_millis(millis);
    let zone = zone.trim_start();
    if zone == "Z" {
        return Some(moment);
    }
    let is_east = match zone.as_bytes().first()? {
        b'+' => true,
        b'-' => false,
        _ => return None,
    };
    let offset = zone.get(1..)?.split(' ').next()?;
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None => offset.split_at_checked(2)?,
    };
    let number = |it: &str| it.parse::<u64>().ok().filter(|_| it.len() == 2);
    let offset = (number(hours)? * 60 + number(minutes)?) * 60_000;
    let millis = moment.as_millis();
    let utc = if is_east {
        millis.checked_sub(offset)?
    } else {
        millis.checked_add(offset)?
    };
    Some(Timestamp::from_millis(utc))
}

/// Shows a time the way Go does: `2026-11-20 17:34:26 +0000 UTC`.
pub(super) struct GoMoment(pub(super) Timestamp);

impl fmt::Display for GoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string().replace('T', " ");
        write!(f, "{} +0000 UTC", text.trim_end_matches('Z'))
    }
}

#[cfg(test)]
mod tests;
