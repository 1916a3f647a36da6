//! Numbers, times and places in paths as a person reads them.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use aegis_api::Timestamp;

use crate::markup::{Markup, html};

/// A count with its thousands apart.
pub(crate) struct Count(pub(crate) u64);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.bytes().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

/// A count and its noun: `1 line`, `2 lines`.
pub(crate) struct Counted(pub(crate) u64, pub(crate) &'static str);

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{ending}", Count(self.0), self.1)
    }
}

/// A count of which three digits are enough.
pub(crate) struct Short(pub(crate) u64);

impl Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(
            self.0 as f64,
            1000.0,
            &["", "k", "M", "G", "T", "P", "E"],
            f,
        )
    }
}

/// Bytes.
pub(crate) struct Bytes(pub(crate) u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
        short(self.0 as f64, 1024.0, &units, f)
    }
}

fn short(number: f64, step: f64, units: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut number, mut at) = (number, 0);
    // Rounded it would have four digits.
    while number >= 999.5 && at + 1 < units.len() {
        number /= step;
        at += 1;
    }
    let unit = units.get(at).copied().unwrap_or_default();
    let digits = usize::from(at > 0 && number < 9.95);
    write!(f, "{number:.digits$}{unit}")
}

/// A span of time, in its two largest units.
pub(crate) struct Span(pub(crate) u64);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0;
        let (days, hours, mins) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
        let (large, small) = match secs {
            0..60 => return write!(f, "{secs} s"),
            60..3600 => ((mins, "min"), (secs % 60, "s")),
            3600..86_400 => ((hours, "h"), (mins, "min")),
            _ => ((days, "d"), (hours, "h")),
        };
        write!(f, "{} {}", large.0, large.1)?;
        // Beside ten of the larger the smaller does not matter.
        if small.0 > 0 && large.0 < 10 {
            write!(f, " {} {}", small.0, small.1)?;
        }
        Ok(())
    }
}

/// Writes when something was, seen from `now`, with the exact time for who wants it.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    html!(out, "<time datetime=\"", at, "\" title=\"", at, "\">");
    let passed = now.since(at).as_secs();
    if passed == 0 {
        html!(out, "now");
    } else {
        html!(out, Span(passed), " ago");
    }
    html!(out, "</time>");
    out
}

/// Writes how long until something ends, with the exact time.
pub(crate) fn left(until: Timestamp, now: Timestamp) -> Markup {
    let mut out = Markup::default();
    let left = until.since(now);
    let secs = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    html!(
        out,
        "<time datetime=\"",
        until,
        "\" title=\"until ",
        until,
        "\">",
        Span(secs),
        "</time>"
    );
    out
}

/// Returns the time of day of a moment, in UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    at.to_string().get(11..16).unwrap_or_default().to_owned()
}

/// Returns the day of a moment, in UTC, as in `26 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = at.to_string();
    let month = text.get(5..7).and_then(|it| it.parse::<usize>().ok());
    let month = month.and_then(|it| MONTHS.get(it.wrapping_sub(1)));
    let day = text.get(8..10).unwrap_or_default().trim_start_matches('0');
    format!("{day} {}", month.copied().unwrap_or_default())
}

/// Returns `at` moved back to where an interval of this length begins.
pub(crate) fn floor(at: Timestamp, interval: Duration) -> Timestamp {
    let millis = u64::try_from(interval.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    Timestamp::from_millis(at.as_millis() / millis * millis)
}

/// A text as it stands in a query or a path.
pub(crate) struct Encoded<'a>(pub(crate) &'a str);

impl Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    write!(f, "{}", char::from(byte))?;
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
