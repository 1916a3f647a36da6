//! Where a key hashes to.

use crate::pin;

/// The secret of one node's tables: nobody outside can choose addresses that meet in one bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HashKey {
    /// Mixed into the key.
    pub add: u64,
    /// Multiplies it; odd.
    pub multiply: u64,
}

/// A hashed key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hash(u64);

impl HashKey {
    /// Returns the key made of 128 random bits.
    pub const fn new(add: u64, multiply: u64) -> Self {
        Self {
            add,
            multiply: multiply | 1,
        }
    }

    /// Hashes an IPv4 address in host byte order. One multiplication is enough: every bit of the
    /// address reaches the upper half of the product.
    #[inline(always)]
    pub const fn hash32(&self, value: u32) -> Hash {
        Hash((value as u64 ^ self.add).wrapping_mul(self.multiply))
    }

    /// Hashes 64 bits, whose upper ones reach the lower bits of a product by a second one only.
    #[inline(always)]
    pub const fn hash64(&self, value: u64) -> Hash {
        let product = (value ^ self.add).wrapping_mul(self.multiply);
        Hash((product ^ (product >> 32)).wrapping_mul(self.multiply))
    }
}

impl Hash {
    /// Returns the hash as a number, to be handed on.
    #[inline(always)]
    pub const fn bits64(self) -> u64 {
        self.0
    }

    /// Returns the hash that was handed on as this number.
    #[inline(always)]
    pub const fn from_bits64(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns a bucket below `buckets`, by the upper half (Lemire: Fast Random Integer Generation
    /// in an Interval, 2019).
    #[inline(always)]
    pub const fn bucket(self, buckets: u32) -> u32 {
        (((self.0 >> 32) * buckets as u64) >> 32) as u32
    }

    /// Returns a filter word at most `mask`, which is a power of two less one.
    #[inline(always)]
    pub const fn word(self, mask: u32) -> u32 {
        (self.0 >> 32) as u32 & mask
    }

    /// Returns the two bits that an entry sets in its filter word; they may be one.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        (1 << (self.0 >> 58)) | (1 << ((self.0 >> 26) & 63))
    }

    /// Returns whether a filter word has both bits.
    #[inline(always)]
    pub fn is_in(self, word: u64) -> bool {
        (word >> (self.0 >> 58)) & pin::shift_right(word, self.0 >> 26) & 1 != 0
    }
}
