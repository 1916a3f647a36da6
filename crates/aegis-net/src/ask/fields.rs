//! The pieces that everything here is made of.

use std::{net::IpAddr, time::Duration};

use aegis_core::{Confidence, Indicator, NodeId, Score};

use super::AskError;
use crate::QUESTION_WAIT_MAX;

/// Scores and confidences are whole numbers of this part, so that no NaN can be written.
const ONE: f64 = 10_000.0;

const IPV6: u8 = 1;
const PREFIX: u8 = 1 << 1;

/// What the flags of an indicator are made of; the other bits are for whoever holds it.
pub(super) const INDICATOR_FLAGS: u8 = IPV6 | PREFIX;

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Takes `N` bytes off the front.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], AskError> {
        let (first, rest) = self.0.split_first_chunk().ok_or(AskError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Takes so many bytes off the front.
    pub(crate) fn slice(&mut self, bytes: usize) -> Result<&'a [u8], AskError> {
        let (first, rest) = self.0.split_at_checked(bytes).ok_or(AskError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, AskError> {
        self.take().map(|[it]| it)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, AskError> {
        self.take().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, AskError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn node(&mut self) -> Result<NodeId, AskError> {
        self.take().map(NodeId::from_public_key)
    }

    /// Returns an error unless everything was read.
    pub(crate) fn end(self) -> Result<(), AskError> {
        let is_read = self.0.is_empty();
        is_read
            .then_some(())
            .ok_or(AskError::Malformed { field: "end" })
    }

    /// Reads the wait of a question: 1 ms to the longest there is.
    pub(super) fn wait(&mut self) -> Result<Duration, AskError> {
        let wait = Duration::from_millis(self.u16()?.into());
        let is_in_range = !wait.is_zero() && wait <= QUESTION_WAIT_MAX;
        is_in_range
            .then_some(wait)
            .ok_or(AskError::OutOfRange { field: "wait" })
    }

    /// Reads a confidence in ten-thousandths.
    pub(super) fn confidence(&mut self, field: &'static str) -> Result<Confidence, AskError> {
        confidence(self.u16()?).ok_or(AskError::OutOfRange { field })
    }

    /// Reads the indicator that has these flags.
    pub(super) fn indicator(&mut self, flags: u8) -> Result<Indicator, AskError> {
        let address: IpAddr = if flags & IPV6 == 0 {
            self.take::<4>()?.into()
        } else {
            self.take::<16>()?.into()
        };
        let read = if flags & PREFIX == 0 {
            Some(Indicator::host(address))
        } else {
            Indicator::prefix(address, self.byte()?)
        };
        // Not an IPv4 address as IPv6, no host bits, and no prefix that is a single address.
        let is_canonical =
            |it: &Indicator| it.address() == address && it.is_host() == (flags & PREFIX == 0);
        let field = "indicator";
        read.filter(is_canonical)
            .ok_or(AskError::Malformed { field })
    }
}

/// Returns how many bytes an indicator with these flags has.
pub(super) fn indicator_bytes(flags: u8) -> usize {
    let address = if flags & IPV6 == 0 { 4 } else { 16 };
    address + usize::from(flags & PREFIX != 0)
}

pub(super) fn indicator_flags(indicator: &Indicator) -> u8 {
    let ipv6 = if indicator.is_ipv4() { 0 } else { IPV6 };
    let prefix = if indicator.is_host() { 0 } else { PREFIX };
    ipv6 | prefix
}

pub(super) fn put_indicator(bytes: &mut Vec<u8>, indicator: &Indicator) {
    match indicator.address() {
        IpAddr::V4(address) => bytes.extend(address.octets()),
        IpAddr::V6(address) => bytes.extend(address.octets()),
    }
    if !indicator.is_host() {
        bytes.push(indicator.prefix_len());
    }
}

/// Writes a wait, brought into its range.
pub(super) fn put_wait(bytes: &mut Vec<u8>, wait: Duration) {
    let millis = wait.min(QUESTION_WAIT_MAX).as_millis().max(1);
    bytes.extend(u16::try_from(millis).unwrap_or(u16::MAX).to_be_bytes());
}

pub(super) fn put_confidence(bytes: &mut Vec<u8>, confidence: Confidence) {
    bytes.extend(confidence_parts(confidence).to_be_bytes());
}

pub(super) fn put_score(bytes: &mut Vec<u8>, score: Score) {
    bytes.extend(score_parts(score).to_be_bytes());
}

/// Returns the confidence of so many ten-thousandths.
fn confidence(parts: u16) -> Option<Confidence> {
    Confidence::new(f64::from(parts) / ONE)
}

/// Returns the score of so many ten-thousandths.
pub(super) fn score(parts: i16) -> Option<Score> {
    Score::new(f64::from(parts) / ONE)
}

/// Returns a confidence as its bytes will say it.
pub(super) fn rounded_confidence(confidence: Confidence) -> Confidence {
    Confidence::clamped(f64::from(confidence_parts(confidence)) / ONE)
}

/// Returns a score as its bytes will say it.
pub(super) fn rounded_score(score: Score) -> Score {
    Score::clamped(f64::from(score_parts(score)) / ONE)
}

fn confidence_parts(confidence: Confidence) -> u16 {
    (confidence.value() * ONE).round() as u16
}

fn score_parts(score: Score) -> i16 {
    (score.value() * ONE).round() as i16
}
