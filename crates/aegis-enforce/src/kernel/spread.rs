//! Secret keys for the tables, by which neighbouring addresses do not crowd.
//!
//! The table of IPv4 addresses hashes by one multiplication. Addresses a fixed step apart then lie
//! in it like the multiples of a fraction, its multiplier over 2⁶⁴, lie on a circle: evenly, unless
//! a fraction with a small denominator is close by. Of all keys one in forty is so bad that 8,192
//! addresses in a row find no room in a table that is two thirds full. Such fractions show by a
//! large term of their continued fraction (Khinchin: Continued Fractions, 1964), and are not taken.

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, RandomState};

use aegis_abi::table::HashKey;

/// The steps that blocked addresses are apart from each other, as powers of two: hosts in a row,
/// one host of each /24, one of each /16.
const STEPS: [u32; 3] = [0, 8, 16];
/// The largest term taken. One key in some 300 passes for all steps, of which enough are left.
const TERM_MAX: u128 = 12;
/// Fractions with larger denominators are close to every number.
const DENOMINATOR_MAX: u128 = 1 << 22;

/// Returns a key from the source of the standard library's hash tables.
pub(super) fn random_key() -> HashKey {
    spreading_key(random)
}

/// Returns the first key from `draw` that spreads addresses evenly.
fn spreading_key(mut draw: impl FnMut() -> u64) -> HashKey {
    loop {
        let key = HashKey::new(draw(), draw());
        if spreads(key.multiply) {
            return key;
        }
    }
}

/// Returns whether addresses spread evenly for each of the steps.
fn spreads(multiply: u64) -> bool {
    STEPS.iter().all(|it| has_small_terms(multiply << it))
}

/// Returns whether `numerator` over 2⁶⁴ is close to no fraction with a small denominator. Euclid's
/// algorithm gives the terms of its continued fraction.
fn has_small_terms(numerator: u64) -> bool {
    let (mut larger, mut smaller) = (1_u128 << 64, u128::from(numerator));
    let (mut before, mut denominator) = (0, 1);
    while denominator < DENOMINATOR_MAX {
        let Some(term) = larger.checked_div(smaller) else {
            return false; // it is such a fraction
        };
        if term > TERM_MAX {
            return false;
        }
        (before, denominator) = (denominator, term * denominator + before);
        (larger, smaller) = (smaller, larger % smaller);
    }
    true
}

fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}
