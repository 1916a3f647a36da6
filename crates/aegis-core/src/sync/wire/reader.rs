//! Reading what may be anything.

use std::sync::Arc;

use super::{ALERT_BYTES_MAX, CHUNK_ALERTS_MAX, Cell, Malformed, Prefix, Wire};
use crate::sync::{CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX};

/// The bytes that are not read yet.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Malformed);
        }
        Ok(Self(bytes))
    }

    /// Returns `message` if nothing is left.
    pub(super) fn end<T>(self, message: T) -> Result<T, Malformed> {
        if self.0.is_empty() {
            Ok(message)
        } else {
            Err(Malformed)
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, left) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = left;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    /// Reads a number in its shortest form.
    fn number_64(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return Err(Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// Reads a number of at most `most`.
    pub(super) fn number(&mut self, most: usize) -> Result<usize, Malformed> {
        let number = usize::try_from(self.number_64()?).map_err(|_| Malformed)?;
        (number <= most).then_some(number).ok_or(Malformed)
    }

    pub(super) fn lanes(&mut self) -> Result<[u64; 4], Malformed> {
        let mut lanes = [0; 4];
        for lane in &mut lanes {
            *lane = u64::from_le_bytes(self.array()?);
        }
        Ok(lanes)
    }

    pub(super) fn prefix(&mut self) -> Result<Prefix, Malformed> {
        Ok(Prefix::new(u64::from_be_bytes(self.array()?)))
    }

    pub(super) fn prefixes(&mut self, most: usize) -> Result<Vec<Prefix>, Malformed> {
        let count = self.number(most)?;
        (0..count).map(|_| self.prefix()).collect()
    }

    /// Reads a cell that holds about `expected` ids.
    pub(super) fn cell(&mut self, expected: i64) -> Result<Cell, Malformed> {
        let ids = u128::from_be_bytes(self.array()?);
        let checks = u64::from_le_bytes(self.array()?);
        let zigzag = self.number_64()?;
        let more = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let count = expected.checked_add(more).ok_or(Malformed)?;
        Ok(Cell {
            ids,
            checks,
            count: i32::try_from(count).map_err(|_| Malformed)?,
        })
    }

    pub(super) fn alerts(&mut self) -> Result<Vec<Wire>, Malformed> {
        let count = self.number(CHUNK_ALERTS_MAX)?;
        let mut bytes = 0;
        let mut alerts = Vec::new();
        for _ in 0..count {
            let length = self.number(ALERT_BYTES_MAX)?;
            bytes += length;
            if bytes > CHUNK_BYTES_MAX {
                return Err(Malformed);
            }
            alerts.push(Arc::from(self.take(length)?));
        }
        Ok(alerts)
    }

    pub(super) fn bits(&mut self, most: usize) -> Result<Vec<bool>, Malformed> {
        let count = self.number(most)?;
        let bytes = self.take(count.div_ceil(8))?;
        let bit = |place: usize| bytes[place / 8] >> (place % 8) & 1 == 1;
        let spare = (count..8 * bytes.len()).any(bit);
        if spare {
            return Err(Malformed);
        }
        Ok((0..count).map(bit).collect())
    }
}
