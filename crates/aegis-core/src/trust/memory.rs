//! Bytes in which a model outlives a restart: little-endian, and checked when read back.

use super::Confidence;

/// Appends values to bytes.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn put_u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn put_bool(&mut self, value: bool) {
        self.put_u8(u8::from(value));
    }

    pub(super) fn put_u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn put_u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn put_f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }
}

/// Takes values from bytes; `None` where there are too few or where none could have been written.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns whether all has been taken.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take_u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn take_bool(&mut self) -> Option<bool> {
        match self.take_u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn take_u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn take_u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// Takes a number between -`bound` and `bound`.
    pub(super) fn take_f64(&mut self, bound: f64) -> Option<f64> {
        let value = self.take().map(f64::from_le_bytes)?;
        (-bound..=bound).contains(&value).then_some(value)
    }

    /// Takes a number within 0…1.
    pub(super) fn take_confidence(&mut self) -> Option<Confidence> {
        Confidence::new(self.take().map(f64::from_le_bytes)?)
    }

    fn take<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

#[cfg(test)]
mod tests;
