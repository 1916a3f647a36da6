//! Prefixes as keys: one number for address and length, and which lengths to ask for.
//!
//! The key of a prefix is its address with a one behind its last bit and zeros after that: another
//! number for every prefix, and the number of none is zero. The set of lengths in use is a mask
//! with exactly those ones, so that a length is turned into a key without counting bits.

/// The widest IPv4 prefix that the tables hold.
pub const PREFIX4_LEN_MIN: u32 = 8;
/// The widest IPv6 prefix that the tables hold.
pub const PREFIX6_LEN_MIN: u32 = 16;

/// Returns the key of the IPv4 prefix of `address` (host byte order) whose marker is `marker`:
/// `1 << (31 - length)`.
#[inline(always)]
pub const fn prefix_code_v4(address: u32, marker: u32) -> u32 {
    (address & (marker << 1).wrapping_neg()) | marker
}

/// Returns the key of the IPv6 prefix of `net`, the first half of an address in host byte order,
/// whose marker is `marker`: `1 << (63 - length)`.
#[inline(always)]
pub const fn prefix_code_v6(net: u64, marker: u64) -> u64 {
    (net & (marker << 1).wrapping_neg()) | marker
}

/// A set of prefix lengths, as markers; gives them longest first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lengths(pub u64);

impl Lengths {
    /// Takes out the longest length; returns its marker, zero where there is none.
    #[inline(always)]
    pub const fn take(&mut self) -> u64 {
        let marker = self.0 & self.0.wrapping_neg();
        self.0 ^= marker;
        marker
    }
}
