//! Values as people write them.

use std::{num::NonZeroU32, time::Duration};

use aegis_api::{BlockDuration, Confidence, Severity};

use super::{FileArg, PeerArg};

/// The fewest characters that may stand for a whole peer ID.
const PEER_CHARS_MIN: usize = 4;

/// The most, those of a whole one.
const PEER_CHARS_MAX: usize = 52;

/// The fewest digits that may stand for a whole file ID.
const FILE_DIGITS_MIN: usize = 4;

/// The most nodes that one ticket lets in.
const TICKET_USES_MAX: u32 = 1000;

/// The longest that a file is announced, in seconds: 366 days.
const FILE_EXPIRES_SECS_MAX: u32 = 366 * 86_400;

/// The longest name of a feed.
const FEED_NAME_CHARS_MAX: usize = 16;

/// The longest time between two fetches of a feed, in seconds.
const FEED_INTERVAL_SECS_MAX: u32 = 7 * 86_400;

/// Reads a number of seconds, or a number with one of the units s, m, h and d.
pub fn parse_duration_secs(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let secs_per_unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    let number: u64 = is_number.then(|| digits.parse().ok()).flatten()?;
    number.checked_mul(secs_per_unit)
}

pub(super) fn block_duration(text: &str) -> Result<BlockDuration, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 1d")?;
    BlockDuration::from_secs(secs).ok_or("must be 1 second to 24 hours (86400 s)")
}

/// Reads how long a source on this host wants a block. What is longer than a block may be, or
/// without end as fail2ban's -1, is as long as may be.
pub(super) fn report_duration(text: &str) -> Result<BlockDuration, &'static str> {
    if text == "-1" {
        return Ok(BlockDuration::MAX);
    }
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 1d")?;
    BlockDuration::from_secs(secs.min(BlockDuration::MAX.as_secs()))
        .ok_or("must be 1 second or more")
}

pub(super) fn allow_duration(text: &str) -> Result<NonZeroU32, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 1d")?;
    let secs = u32::try_from(secs).ok().and_then(NonZeroU32::new);
    secs.ok_or("must be 1 second to 49710 days; leave it out for ever")
}

pub(super) fn confirm(text: &str) -> Result<NonZeroU32, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 1d")?;
    let secs = u32::try_from(secs).ok().and_then(NonZeroU32::new);
    secs.filter(|it| it.get() <= 86_400)
        .ok_or("must be 1 second to 24 hours")
}

pub(super) fn validity(text: &str) -> Result<u64, &'static str> {
    parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 30d")
}

pub(super) fn feed_name(text: &str) -> Result<String, &'static str> {
    let is_of_name = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let is_name = (1..=FEED_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_of_name);
    let name = is_name.then(|| text.to_owned());
    name.ok_or("must be 1 to 16 of a-z, 0-9 and '-'")
}

pub(super) fn feed_interval(text: &str) -> Result<u32, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 15m, 2h or 1d")?;
    let secs = u32::try_from(secs).ok();
    secs.filter(|it| (60..=FEED_INTERVAL_SECS_MAX).contains(it))
        .ok_or("must be 1 minute to 7 days")
}

pub(super) fn severity(text: &str) -> Result<Severity, &'static str> {
    let severity = text.parse().ok().and_then(Severity::new);
    severity.ok_or("must be 1 to 10")
}

pub(super) fn trust(text: &str) -> Result<Confidence, &'static str> {
    let trust = text.parse().ok().and_then(Confidence::new);
    trust.ok_or("must be a number from 0 to 1")
}

pub(super) fn peer(text: &str) -> Result<PeerArg, &'static str> {
    if let Ok(id) = text.parse() {
        return Ok(PeerArg::Id(id));
    }
    // The alphabet of base58 leaves out what looks like something else.
    let is_base58 = |it: u8| it.is_ascii_alphanumeric() && !b"0OIl".contains(&it);
    let is_part = (PEER_CHARS_MIN..=PEER_CHARS_MAX).contains(&text.len());
    let is_part = is_part && text.bytes().all(is_base58);
    let part = is_part.then(|| PeerArg::Part(text.to_owned()));
    part.ok_or("must be a peer ID, or at least 4 characters of its start or end")
}

pub(super) fn file(text: &str) -> Result<FileArg, &'static str> {
    if let Ok(id) = text.parse() {
        return Ok(FileArg::Id(id));
    }
    let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    let is_start = (FILE_DIGITS_MIN..64).contains(&text.len()) && text.bytes().all(is_digit);
    let start = is_start.then(|| FileArg::Start(text.to_owned()));
    start.ok_or("must be a file ID, or at least 4 hexadecimal digits of its start")
}

pub(super) fn file_expires(text: &str) -> Result<NonZeroU32, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 30d")?;
    let secs = u32::try_from(secs).ok().and_then(NonZeroU32::new);
    secs.filter(|it| it.get() <= FILE_EXPIRES_SECS_MAX)
        .ok_or("must be 1 second to 366 days")
}

pub(super) fn ticket_validity(text: &str) -> Result<NonZeroU32, &'static str> {
    file_expires(text)
}

pub(super) fn uses(text: &str) -> Result<NonZeroU32, &'static str> {
    let uses = text.parse().ok().and_then(NonZeroU32::new);
    uses.filter(|it| it.get() <= TICKET_USES_MAX)
        .ok_or("must be 1 to 1000")
}

pub(super) fn wait(text: &str) -> Result<Duration, &'static str> {
    let secs = parse_duration_secs(text).ok_or("must be seconds, or like 90s, 15m, 2h or 1d")?;
    Ok(Duration::from_secs(secs))
}
