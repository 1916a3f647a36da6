//! Chance that can be repeated: named streams of random numbers from one seed.
//!
//! Only additions, multiplications and comparisons are used where a world is drawn, so that it is
//! the same on every machine; logarithms differ between mathematical libraries in the last bit.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Chance(Pcg64);

impl Chance {
    /// Starts the stream that `labels` name, in their order: other labels, other numbers.
    pub fn new(labels: &[u64]) -> Self {
        let mut state = 0x6165_6769_735f_7369; // any constant: all seeds start from it
        for label in labels {
            state = scramble(state ^ scramble(*label));
        }
        Self(Pcg64::seed_from_u64(state))
    }

    /// Returns a number of 0…1, 1 excluded.
    pub fn unit(&mut self) -> f64 {
        // The 53 bits that a double holds.
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns true with `probability`.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns a whole number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // A product's upper half: the bias is below bound / 2^64.
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Returns a number of the Beta distribution with whole parameters: of as many uniform
    /// numbers as both have together less one, the `a`-th smallest.
    pub fn beta(&mut self, a: usize, b: usize) -> f64 {
        let mut draws: Vec<_> = (1..a + b).map(|_| self.unit()).collect();
        draws.sort_by(f64::total_cmp);
        draws.get(a.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Returns a number that is nearly of the normal distribution: twelve uniform numbers together
    /// have a variance of 1, and their sum's distribution is nowhere 0.01 off.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.unit()).sum();
        mean + deviation * (sum - 6.0)
    }
}

/// Spreads a number over all 64 bits (SplitMix64, Steele, Lea and Flood 2014).
const fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
