//! What a peer said in the newest cases, verified or not: two bits for each.
//!
//! All rows share their columns, one for each closed case, so that who agrees with whom can be
//! counted without remembering the cases. It shows who speaks for himself, and never who is right.

use crate::Truth;

/// Columns of the ring: how many closed cases are remembered.
pub(super) const COLUMNS: usize = 256;
const WORDS: usize = COLUMNS / 64;

/// The newest column of the ring: how many cases were closed since the start.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Column(pub(super) u64);

/// One peer's row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) spoke: [u64; WORDS],
    pub(super) malicious: [u64; WORDS],
}

impl Column {
    /// Returns the column of the next case.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Returns the place of the case closed `age` cases before this one.
    pub(super) const fn place_of(self, age: u64) -> usize {
        (self.0.wrapping_sub(age) % COLUMNS as u64) as usize
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

    /// Calls `visit` with the place of every column it spoke in, and whether it said malicious.
    pub(super) fn visit(&self, mut visit: impl FnMut(usize, bool)) {
        for (word, (&spoke, &malicious)) in self.spoke.iter().zip(&self.malicious).enumerate() {
            let mut left = spoke;
            while left != 0 {
                let bit = left.trailing_zeros();
                visit(word * 64 + bit as usize, malicious >> bit & 1 == 1);
                left &= left - 1;
            }
        }
    }
}
