//! Durations as Go writes them: `4h0m0s`, `1.5h`, `300ms`, `-3s`.

use std::{fmt, time::Duration};

/// The longest text that is read; Go itself writes no longer one.
const TEXT_BYTES_MAX: usize = 64;

/// Units with their length in nanoseconds, longer names before those they begin with.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3), // with the micro sign
    ("μs", 1e3), // with the Greek letter
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Reads a duration; one below zero is zero. `None` where it is no duration.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let unit = UNITS.iter().find(|(name, _)| rest.starts_with(name))?;
        rest = rest.get(unit.0.len()..)?;
        nanos += number * unit.1;
    }
    if is_negative {
        return Some(Duration::ZERO);
    }
    Duration::try_from_secs_f64(nanos / 1e9).ok()
}

/// Shows a duration to the second, as Go does.
pub(super) struct GoDuration(pub(super) Duration);

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
        match (hours, minutes) {
            (0, 0) => write!(f, "{secs}s"),
            (0, _) => write!(f, "{minutes}m{secs}s"),
            _ => write!(f, "{hours}h{minutes}m{secs}s"),
        }
    }
}

#[cfg(test)]
mod tests;
