//! The bytes of requests and answers.
//!
//! Each is a kind, then its fields. Numbers are LEB128, fixed ones lowest byte first, prefixes
//! highest byte first. Whatever does not use up its bytes exactly, or is more than a bound allows,
//! is malformed.

mod reader;

use std::sync::Arc;

use reader::Reader;

use super::{
    CELLS_MAX, CHUNK_ALERTS_MAX, PREFIXES_MAX,
    cell::Salt,
    digest::SetDigest,
    message::{Answer, Prefix, Request},
    sketch::Cell,
};
use crate::ALERT_BYTES_MAX;

/// Bytes that are no request, or no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed sync message")]
pub struct Malformed;

/// An alert as its bytes.
type Wire = Arc<[u8]>;

/// Ids in a set at most, as a peer may say.
const SIZE_MAX: usize = 1 << 24;

impl Request<Wire> {
    /// Returns the bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Cells {
                digest: None,
                count,
            } => {
                out.push(0);
                put(&mut out, *count as u64);
            }
            Self::Cells {
                digest: Some(digest),
                count,
            } => {
                out.push(1);
                put(&mut out, *count as u64);
                for lane in digest.lanes() {
                    out.extend(lane.to_le_bytes());
                }
            }
            Self::Exchange { wanted, offered } => {
                out.push(2);
                put_prefixes(&mut out, wanted);
                put_prefixes(&mut out, offered);
            }
            Self::Range { first, last, held } => {
                out.push(3);
                out.extend(first.value().to_be_bytes());
                out.extend(last.value().to_be_bytes());
                put_prefixes(&mut out, held);
            }
            Self::Give(alerts) => {
                out.push(4);
                put_alerts(&mut out, alerts);
            }
        }
        out
    }

    /// Returns what the bytes say.
    ///
    /// # Errors
    ///
    /// Whenever they are not what `encode` could have made.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes)?;
        let request = match reader.byte()? {
            kind @ (0 | 1) => {
                let count = reader.number(CELLS_MAX)?;
                let digest = (kind == 1).then(|| reader.lanes()).transpose()?;
                if count == 0 {
                    return Err(Malformed);
                }
                Self::Cells {
                    digest: digest.map(SetDigest::from_lanes),
                    count,
                }
            }
            2 => {
                let wanted = reader.prefixes(PREFIXES_MAX)?;
                let offered = reader.prefixes(PREFIXES_MAX - wanted.len())?;
                Self::Exchange { wanted, offered }
            }
            3 => {
                let (first, last) = (reader.prefix()?, reader.prefix()?);
                let held = reader.prefixes(PREFIXES_MAX)?;
                let is_within = held.iter().all(|it| (first..=last).contains(it));
                if first > last || !is_within || !held.is_sorted() {
                    return Err(Malformed);
                }
                Self::Range { first, last, held }
            }
            4 => Self::Give(reader.alerts()?),
            _ => return Err(Malformed),
        };
        reader.end(request)
    }
}

impl Answer<Wire> {
    /// Returns the bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Same => out.push(0),
            Self::Cells { salt, size, cells } => {
                out.push(1);
                out.extend(salt.as_bytes());
                put(&mut out, *size as u64);
                put(&mut out, cells.len() as u64);
                for (place, cell) in cells.iter().enumerate() {
                    out.extend(cell.ids.to_be_bytes());
                    out.extend(cell.checks.to_le_bytes());
                    let more = i64::from(cell.count).wrapping_sub(expected(*size, place));
                    put(&mut out, zigzag(more));
                }
            }
            Self::Exchange {
                considered,
                alerts,
                wanted,
            } => {
                out.push(2);
                put(&mut out, *considered as u64);
                put_alerts(&mut out, alerts);
                put_bits(&mut out, wanted);
            }
            Self::Range {
                reached,
                alerts,
                wanted,
            } => {
                out.push(3);
                out.extend(reached.value().to_be_bytes());
                put_alerts(&mut out, alerts);
                put_bits(&mut out, wanted);
            }
            Self::Taken => out.push(4),
            Self::Busy => out.push(5),
        }
        out
    }

    /// Returns what the bytes say.
    ///
    /// # Errors
    ///
    /// Whenever they are not what `encode` could have made.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes)?;
        let answer = match reader.byte()? {
            0 => Self::Same,
            1 => {
                let salt = Salt::from_bytes(reader.array()?);
                let size = reader.number(SIZE_MAX)?;
                let count = reader.number(CELLS_MAX)?;
                let cells = (0..count).map(|place| reader.cell(expected(size, place)));
                let cells = cells.collect::<Result<Vec<_>, _>>()?;
                if cells.is_empty() {
                    return Err(Malformed);
                }
                Self::Cells { salt, size, cells }
            }
            2 => Self::Exchange {
                considered: reader.number(PREFIXES_MAX)?,
                alerts: reader.alerts()?,
                wanted: reader.bits(PREFIXES_MAX)?,
            },
            3 => Self::Range {
                reached: reader.prefix()?,
                alerts: reader.alerts()?,
                wanted: reader.bits(PREFIXES_MAX)?,
            },
            4 => Self::Taken,
            5 => Self::Busy,
            _ => return Err(Malformed),
        };
        reader.end(answer)
    }
}

/// Returns about how many of `size` ids lie in a cell: what is said is how far it is off, mostly
/// one byte.
fn expected(size: usize, place: usize) -> i64 {
    i64::try_from(2 * size / (place + 2)).unwrap_or(i64::MAX)
}

/// Makes a number near zero a small one without a sign.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_prefixes(out: &mut Vec<u8>, prefixes: &[Prefix]) {
    put(out, prefixes.len() as u64);
    for prefix in prefixes {
        out.extend(prefix.value().to_be_bytes());
    }
}

fn put_alerts(out: &mut Vec<u8>, alerts: &[Wire]) {
    put(out, alerts.len() as u64);
    for alert in alerts {
        put(out, alert.len() as u64);
        out.extend(alert.iter());
    }
}

fn put_bits(out: &mut Vec<u8>, bits: &[bool]) {
    put(out, bits.len() as u64);
    for eight in bits.chunks(8) {
        let byte = eight
            .iter()
            .rev()
            .fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        out.push(byte);
    }
}
