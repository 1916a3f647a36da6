//! What a peer said in the newest cases, verified or not: two bits for each.
//!
//! All rows share their columns, one for each closed case, so that who agrees with whom can be
//! counted without remembering the cases. It shows who speaks for himself, and never who is right.

use crate::{Truth, trust::model::VOICES_MAX};

/// Columns of the ring: how many closed cases are remembered.
pub(super) const COLUMNS: usize = 448;
const WORDS: usize = COLUMNS / 64;

/// One bit for each column.
pub(super) type Bits = [u64; WORDS];

/// Digits that count as many voices as one case has: `VOICES_MAX` is below 2^11.
const DIGITS: usize = 11;

/// The newest column of the ring: how many cases were closed since the start.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Column(pub(super) u64);

/// One peer's row.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Row {
    pub(super) spoke: Bits,
    pub(super) malicious: Bits,
}

/// How many rows have a bit in each column: numbers in binary, one digit of all columns in a word,
/// so that a row is added to all of them at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    digits: [Bits; DIGITS],
    used: usize, // digits that may be other than 0: few voices are counted the faster
}

impl Column {
    /// Returns the column of the next case.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Returns the place of the case closed `age` cases before this one.
    pub(super) const fn place_of(self, age: u64) -> usize {
        // Not by a difference that wraps: 2^64 is no multiple of the ring's length, and in a young
        // ring the oldest ages would lie on places that are taken.
        let ring = COLUMNS as u64;
        ((self.0 % ring + ring - age % ring) % ring) as usize
    }

    /// Returns how many cases before this one the newest case at `place` was closed.
    pub(super) const fn age_of(self, place: usize) -> u64 {
        let ring = COLUMNS as u64;
        (self.0 % ring + ring - place as u64 % ring) % ring
    }

    fn place(self) -> usize {
        (self.0 % COLUMNS as u64) as usize
    }
}

impl Row {
    /// Empties what is too old at column `to` for a row that was true at column `from`.
    pub(super) fn forward(&mut self, from: Column, to: Column) {
        let passed = to.0.saturating_sub(from.0);
        if passed >= COLUMNS as u64 {
            *self = Self::default();
            return;
        }
        for later in 1..=passed {
            let place = Column(from.0.wrapping_add(later)).place();
            self.spoke[place / 64] &= !(1 << (place % 64));
            self.malicious[place / 64] &= !(1 << (place % 64));
        }
    }

    /// Writes into `column` what it said.
    pub(super) fn write(&mut self, column: Column, said: Truth) {
        let (word, bit) = (column.place() / 64, 1 << (column.place() % 64));
        self.spoke[word] |= bit;
        if said == Truth::Malicious {
            self.malicious[word] |= bit;
        }
    }

    /// Returns the columns in which it said benign.
    pub(super) fn benign(&self) -> Bits {
        std::array::from_fn(|word| self.spoke[word] & !self.malicious[word])
    }
}

impl Tally {
    /// Adds one in every column of `bits`.
    pub(super) fn add(&mut self, bits: Bits) {
        let mut carry = bits;
        for (place, digit) in self.digits.iter_mut().enumerate() {
            if carry == Bits::default() {
                return;
            }
            self.used = self.used.max(place + 1);
            for (digit, carry) in digit.iter_mut().zip(&mut carry) {
                (*digit, *carry) = (*digit ^ *carry, *digit & *carry);
            }
        }
    }

    /// Returns the number of the column at `place`.
    pub(super) fn at(&self, place: usize) -> f64 {
        let digits = self.digits[..self.used].iter().enumerate();
        let sum = digits.map(|(power, digit)| (digit[place / 64] >> (place % 64) & 1) << power);
        sum.sum::<u64>() as f64
    }
}

const _: () = assert!(
    VOICES_MAX < 1 << DIGITS,
    "a tally has room for every voice of a case"
);

#[cfg(test)]
mod tests;
