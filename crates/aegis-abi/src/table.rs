//! The blocklist tables: how an address finds its place, and what lies there.
//!
//! A table is an array of buckets of one cache line, and an array of words in front of it. A
//! *filter* word holds two bits for each entry that hashes to it, so that a packet whose source is
//! not listed touches that one word and no more. A bucket holds whole keys: what is found is
//! listed and what is not found is not, whatever the size of the table. An entry that finds no
//! room in its bucket lies in one of its thirty-one neighbours, and where they are full too in a small
//! hash table, the *stash*; the bucket says so, and only then is anybody else asked.
//!
//! User space writes memory that the kernel program reads at the same time: everything of an entry
//! first and its key last, so that a reader sees all of it or nothing. The same reading code runs
//! in the kernel and, in tests, beside a plain model.

mod bucket;
mod count;
mod end;
mod hash;
mod prefix;

pub use bucket::{
    BUCKET_BYTES, Bucket, Bucket32, Bucket64, Entry32, Glance, Overflow, Probe, Slot,
};
pub use count::{Count, SIZE_SHIFT, Size};
pub use end::{End, Now};
pub use hash::{Hash, HashKey};
pub use prefix::{Lengths, PREFIX4_LEN_MIN, PREFIX6_LEN_MIN, prefix_code_v4, prefix_code_v6};

/// A moment in units of some seconds, 23 bits wide: when an entry ends.
///
/// It wraps, so it is compared as a signed difference: an entry lies at most [`Expiry::AHEAD_MAX`]
/// units ahead when it is written, and the whole table is void once nobody wrote to it for as long
/// ([`crate::Config::table_until`]); so an entry that ended never seems to come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expiry(u32); // below 2^23

impl Expiry {
    /// How many units ahead an entry may end.
    pub const AHEAD_MAX: u64 = (1 << (Self::BITS - 1)) - 1;
    /// How many bits it has.
    pub const BITS: u32 = 23;

    /// Returns the low bits of a count of units.
    #[inline(always)]
    pub const fn new(units: u64) -> Self {
        Self(units as u32 & ((1 << Self::BITS) - 1))
    }

    /// Returns the bits.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether this moment is still ahead at `now`.
    #[inline(always)]
    pub const fn is_after(self, now: Self) -> bool {
        (self.0.wrapping_sub(now.0) << (u32::BITS - Self::BITS)) as i32 > 0
    }

    /// Returns how many units this moment is ahead of `now`; zero where it is over.
    pub const fn ahead_of(self, now: Self) -> u32 {
        let ahead = (self.0.wrapping_sub(now.0) << (u32::BITS - Self::BITS)) as i32;
        if ahead > 0 {
            ahead as u32 >> (u32::BITS - Self::BITS)
        } else {
            0
        }
    }
}

/// What lies in the stash: entries that found no room in the buckets, and IPv6 prefixes longer
/// than a /64, which have no buckets.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(C)]
pub struct StashKey {
    /// The key of the bucket table; or the /64 of a longer prefix, in host byte order.
    pub key: u64,
    /// Zero; or the last 64 bits of a longer prefix, host bits zero.
    pub host: u64,
    /// Which of the `KIND_` constants; or, of a longer prefix, the value of its last bit.
    pub kind: u64,
}

impl StashKey {
    /// A blocked IPv4 address. No power of two, which the longer prefixes use.
    pub const KIND_HOST_V4: u64 = 3;
    /// A blocked IPv6 /64.
    pub const KIND_NET_V6: u64 = 5;
    /// A blocked IPv4 prefix.
    pub const KIND_PREFIX_V4: u64 = 6;
    /// A blocked IPv6 prefix shorter than a /64.
    pub const KIND_PREFIX_V6: u64 = 7;

    /// Returns the key of an overflown entry.
    #[inline(always)]
    pub const fn overflown(kind: u64, key: u64) -> Self {
        Self { key, host: 0, kind }
    }

    /// Returns the key of the prefix that ends with bit `last` of the second half of an address.
    #[inline(always)]
    pub const fn longer(net: u64, host: u64, last: u64) -> Self {
        Self {
            key: net,
            host: host & last.wrapping_neg(),
            kind: last,
        }
    }
}

/// An entry of the stash.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct StashEntry {
    /// The bits of its [`End`].
    pub end: u32,
    /// Always zero.
    pub reserved: u32,
    /// Packets that met it.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
}

#[cfg(test)]
mod tests;
