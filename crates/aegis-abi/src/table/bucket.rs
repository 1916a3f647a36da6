//! Buckets of one cache line: 6 IPv4 addresses, or 4 keys of 64 bits.

mod tags;
mod v4;
mod wide;

use self::tags::Tags;
pub use self::{
    v4::{Bucket32, Entry32},
    wide::Bucket64,
};
use super::{End, Hash, HashKey};

/// How long a bucket is: a cache line.
pub const BUCKET_BYTES: usize = 64;

/// What a bucket says about entries of its own that lie elsewhere.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Overflow {
    /// The farthest neighbour that holds any: bucket `home ^ reach`. It never shrinks.
    pub reach: u32,
    /// How many lie in the stash; 15 means that many or more.
    pub stash: u32,
}

impl Overflow {
    /// The largest number that is still known exactly is one less.
    pub const MANY: u32 = 15;
    /// Buckets lie in groups of one more, aligned: a neighbour's number differs in its last bits.
    pub const REACH_MAX: u32 = (1 << Self::REACH_BITS) - 1;
    const REACH_BITS: u32 = 5;
    /// Of a key that can only be in the stash.
    pub const IN_STASH: Self = Self {
        reach: 0,
        stash: Self::MANY,
    };

    /// Returns what these bits say.
    #[inline(always)]
    pub const fn of(bits: u32) -> Self {
        Self {
            reach: bits & Self::REACH_MAX,
            stash: (bits >> Self::REACH_BITS) & Self::MANY,
        }
    }

    /// Returns it as bits; zero where nothing lies elsewhere.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.reach | self.stash << Self::REACH_BITS
    }
}

/// What a bucket says about a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Probe {
    /// It is in this slot, until then; the bits of the mean size are any.
    Here(usize, End),
    /// It is not in this bucket; where else it may be.
    Elsewhere(Overflow),
}

/// What the first look into a bucket says about a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Glance {
    /// It is in this slot, until then, likewise.
    Here(usize, End),
    /// It is not in the table.
    Nowhere,
    /// Only [`Bucket::probe`] can tell, and neighbours and the stash.
    Unsure,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slot<K> {
    /// What it is found by.
    pub key: K,
    /// Until when; the bits of the mean size are zero.
    pub end: End,
    /// How many packets met it, about.
    pub packets: u64,
    /// The mean size of its packets in bytes, about.
    pub size: u16,
}

/// A bucket of either kind. The kernel program probes and counts; user space, one writer at a time,
/// does the rest.
///
/// # Safety
///
/// The type is `repr(C)`, of [`BUCKET_BYTES`] bytes, and all of it may change while it is read.
pub unsafe trait Bucket: Copy {
    /// What a slot is found by.
    type Key: Copy + Eq;
    /// How many slots it has.
    const SLOTS: usize;

    /// Returns whether a slot can hold this key. A few cannot be told from an empty slot, and so
    /// are in the stash, if anywhere.
    fn is_storable(key: Self::Key) -> bool;

    /// Looks for `key`, which is storable, in the one slot where it nearly always is, if anywhere.
    ///
    /// # Safety
    ///
    /// `bucket` points to a bucket.
    unsafe fn glance(bucket: *const Self, key: Self::Key) -> Glance;

    /// Looks for `key`, which is storable, in every slot.
    ///
    /// # Safety
    ///
    /// `bucket` points to a bucket.
    unsafe fn probe(bucket: *const Self, key: Self::Key) -> Probe;

    /// Counts a packet of `bytes` bytes that met the entry in `slot`; see [`super::Count::moves`] for
    /// `chance`. It writes nothing that user space writes but the bits of the mean size, by
    /// themselves.
    ///
    /// # Safety
    ///
    /// `bucket` points to a bucket, and `slot` is below [`Bucket::SLOTS`].
    unsafe fn count(bucket: *mut Self, slot: usize, bytes: u64, chance: impl FnOnce() -> u64);

    /// Hashes a key of this kind.
    fn hash(key: Self::Key, with: &HashKey) -> Hash;

    /// Returns what a slot holds; `None` where it is empty.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::count`].
    unsafe fn get(bucket: *const Self, slot: usize) -> Option<Slot<Self::Key>>;

    /// Returns when the entry in a slot ends, with the bits of its mean size.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::count`].
    unsafe fn end(bucket: *const Self, slot: usize) -> End;

    /// Returns which slots are empty, a bit for each, the first one lowest; without a branch for each.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::probe`].
    unsafe fn free(bucket: *const Self) -> u32;

    /// Fills an empty slot, whose key is storable, with that last: a reader meets all of the entry or
    /// none of it.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::count`]; nobody else writes.
    unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<Self::Key>);

    /// Changes when the entry in a slot ends, in one write.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    unsafe fn renew(bucket: *mut Self, slot: usize, end: End);

    /// Empties a slot.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    unsafe fn clear(bucket: *mut Self, slot: usize);

    /// Returns how many entries of the bucket lie elsewhere.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::probe`].
    #[inline(always)]
    unsafe fn overflow(bucket: *const Self) -> Overflow {
        // SAFETY: the caller's.
        unsafe { Tags::read_overflow(bucket) }
    }

    /// Says how many entries of the bucket lie elsewhere.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    #[inline]
    unsafe fn set_overflow(bucket: *mut Self, overflow: Overflow) {
        // SAFETY: the caller's.
        unsafe { Tags::write_overflow(bucket, overflow) };
    }
}
