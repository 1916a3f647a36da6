//! One number for a whole set, kept current as the set changes.

use std::fmt;

use super::cell::lanes;
use crate::AlertId;

/// Keys what is added, so that the digest is no other hash of the same ids.
const KEY: [u8; 32] = *b"aegis sync 2026-11 digest of set";

/// A digest of a set of ids: equal sets have equal digests on every node.
///
/// The sum of 256-bit hashes, in four lanes modulo 2^64. Sets that differ by accident, or whose
/// ids nobody chose, have equal digests with a probability of 2^-256. It does **not** withstand
/// an author who makes very many alerts in order to find two sets of equal digests (Wagner's
/// generalised birthday takes far fewer than 2^128): therefore nothing is decided by it alone for
/// ever, and one session in some compares under a salt instead.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SetDigest([u64; 4]);

impl SetDigest {
    /// Returns the digest with these lanes, as a peer sent it.
    pub const fn from_lanes(lanes: [u64; 4]) -> Self {
        Self(lanes)
    }

    /// Returns the lanes.
    pub const fn lanes(&self) -> &[u64; 4] {
        &self.0
    }

    pub(super) fn add(&mut self, id: &AlertId) {
        for (lane, more) in self.0.iter_mut().zip(expand(id)) {
            *lane = lane.wrapping_add(more);
        }
    }

    pub(super) fn remove(&mut self, id: &AlertId) {
        for (lane, less) in self.0.iter_mut().zip(expand(id)) {
            *lane = lane.wrapping_sub(less);
        }
    }
}

fn expand(id: &AlertId) -> [u64; 4] {
    lanes(blake3::keyed_hash(&KEY, id.as_bytes()).as_bytes())
}

impl fmt::Display for SetDigest {
    /// Writes 16 hexadecimal digits, for people to compare: the lanes hashed together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = blake3::Hasher::new();
        for lane in self.0 {
            hasher.update(&lane.to_le_bytes());
        }
        let [short, ..] = lanes(hasher.finalize().as_bytes());
        write!(f, "{short:016x}")
    }
}
