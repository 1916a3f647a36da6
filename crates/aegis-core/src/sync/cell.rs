//! Where an id lies among the cells: the mapping of a rateless invertible Bloom lookup table
//! (Yang, Gilad and Alizadeh, SIGCOMM 2024, arXiv 2402.02668), under a salt.

use crate::AlertId;

/// Sets the key of salts apart from every other use of BLAKE3.
const CONTEXT: &str = "aegis sync 2026-11 cells";

/// What an answering node keys its cells with, so that nobody can choose ids that collide in them
/// before the salt is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Returns the salt with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A salt made ready to hash with.
#[derive(Clone, Debug)]
pub(super) struct Key([u8; 32]);

/// What a salt makes of an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Marked {
    /// Tells a cell that holds one id from one that holds several.
    pub(super) check: u64,
    /// Decides where the id lies.
    seed: u64,
}

impl Key {
    pub(super) fn new(salt: Salt) -> Self {
        Self(blake3::derive_key(CONTEXT, salt.as_bytes()))
    }

    pub(super) fn mark(&self, id: &AlertId) -> Marked {
        let hash = blake3::keyed_hash(&self.0, id.as_bytes());
        let [check, seed, ..] = lanes(hash.as_bytes());
        Marked { check, seed }
    }
}

impl Marked {
    /// Returns the cells that the id lies in, in order: the first one always, and cell `i` with
    /// a probability of 2 / (i + 2).
    pub(super) fn places(self) -> Places {
        Places {
            state: self.seed,
            next: 0,
        }
    }
}

/// The cells of one id, without end.
#[derive(Clone, Debug)]
pub(super) struct Places {
    state: u64,
    next: u64,
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = self.next;
        // That no cell of place+1…n is hit has the probability of
        // Π k/(k+2) = (place+1)(place+2) / ((n+1)(n+2)): the next n is where that falls to a
        // uniform number. Square root and division are exact to the last bit on every machine.
        let uniform = ((splitmix(&mut self.state) >> 32) + 1) as f64 / (1u64 << 32) as f64;
        let product = (place + 1) as f64 * (place + 2) as f64 / uniform;
        let far = ((product + 0.25).sqrt() - 1.5).ceil();
        self.next = (far as u64).max(place + 1);
        usize::try_from(place).ok()
    }
}

/// Returns the four numbers that 32 bytes hold, lowest byte first.
pub(super) fn lanes(bytes: &[u8; 32]) -> [u64; 4] {
    let mut lanes = [0; 4];
    for (lane, eight) in lanes.iter_mut().zip(bytes.chunks_exact(8)) {
        *lane = eight
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    lanes
}

/// One step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
