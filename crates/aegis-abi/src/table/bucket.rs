//! Buckets of one cache line: 6 IPv4 addresses, or 4 keys of 64 bits.

use core::{
    mem::size_of,
    sync::atomic::{Ordering, fence},
};

use super::{Count, Expiry, Hash, HashKey, SIZE_SHIFT};

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
    pub const REACH_MAX: u32 = 3;
}

/// What a bucket says about a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Probe {
    /// It is in this slot, until then.
    Here(usize, Expiry),
    /// It is not in this bucket; where else it may be.
    Elsewhere(Overflow),
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slot<K> {
    /// What it is found by, never zero.
    pub key: K,
    /// Until when.
    pub expiry: Expiry,
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
    /// What a slot is found by; zero means that the slot is empty.
    type Key: Copy + Eq;
    /// How many slots it has.
    const SLOTS: usize;

    /// Looks for `key`, which is not zero.
    ///
    /// # Safety
    ///
    /// `bucket` points to a bucket.
    unsafe fn probe(bucket: *const Self, key: Self::Key) -> Probe;

    /// Counts a packet of `bytes` bytes that met the entry in `slot`; see [`Count::next`] for
    /// `chance`.
    ///
    /// # Safety
    ///
    /// `bucket` points to a bucket, and `slot` is below [`Bucket::SLOTS`].
    unsafe fn count(bucket: *mut Self, slot: usize, bytes: u64, chance: u64);

    /// Hashes a key of this kind.
    fn hash(key: Self::Key, with: &HashKey) -> Hash;

    /// Returns what a slot holds; `None` where it is empty.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::count`].
    unsafe fn get(bucket: *const Self, slot: usize) -> Option<Slot<Self::Key>>;

    /// Fills an empty slot, its key last: a reader meets all of the entry or none of it.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::count`]; nobody else writes.
    unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<Self::Key>);

    /// Changes when the entry in a slot ends.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    unsafe fn renew(bucket: *mut Self, slot: usize, expiry: Expiry);

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
    unsafe fn overflow(bucket: *const Self) -> Overflow;

    /// Says how many entries of the bucket lie elsewhere.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    unsafe fn set_overflow(bucket: *mut Self, overflow: Overflow);
}

/// Returns which of six keys at `keys` is `key`, which is not zero.
///
/// Without a branch on the slot, which nobody could predict: a wrong guess costs more than looking
/// at all six. Two keys at a time; the lane that is zero after the exclusive or is found by the
/// borrow of a subtraction (Mycroft 1987). A borrow may also mark the lane above the true one,
/// which is therefore asked first.
///
/// # Safety
///
/// Six keys lie at `keys`, aligned for two of them.
#[inline(always)]
unsafe fn find_of_six(keys: *const u64, key: u32) -> Option<usize> {
    const ONES: u64 = 0x0000_0001_0000_0001;
    const TOPS: u64 = 0x8000_0000_8000_0000;
    let both = key as u64 | (key as u64) << 32;
    // SAFETY: the caller's six keys are three pairs.
    let [a, b, c] = unsafe {
        [
            keys.read_volatile() ^ both,
            keys.add(1).read_volatile() ^ both,
            keys.add(2).read_volatile() ^ both,
        ]
    };
    let zero = |pair: u64| pair.wrapping_sub(ONES) & !pair & TOPS;
    // Bits 0 to 2: the lower key of each pair; bits 32 to 34: the upper.
    let found = zero(a) >> 31 | zero(b) >> 30 | zero(c) >> 29;
    if found == 0 {
        return None;
    }
    let pair = ((found | found >> 32) & 7) >> 1;
    let lower = found & 7;
    let is_upper = !(lower | lower >> 1 | lower >> 2) & 1;
    Some((pair * 2 + is_upper) as usize & 7)
}

/// Returns which of four keys at `keys` is `key`, which is not zero; see [`find_of_six`].
///
/// # Safety
///
/// Four keys lie at `keys`.
#[inline(always)]
unsafe fn find_of_four(keys: *const u64, key: u64) -> Option<usize> {
    // SAFETY: the caller's four keys.
    let [a, b, c, d] = unsafe {
        [
            keys.read_volatile() ^ key,
            keys.add(1).read_volatile() ^ key,
            keys.add(2).read_volatile() ^ key,
            keys.add(3).read_volatile() ^ key,
        ]
    };
    let zero = |it: u64| it.wrapping_sub(1) & !it & 1 << 63;
    let found = zero(a) >> 63 | zero(b) >> 62 | zero(c) >> 61 | zero(d) >> 60;
    if found == 0 {
        return None;
    }
    Some(((found >> 1) - (found >> 3)) as usize & 3)
}

macro_rules! bucket {
    ($(#[$doc:meta])* $name:ident, $key:ty, $slots:literal, $meta:ident, $hash:ident, $find:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        #[repr(C, align(64))]
        pub struct $name {
            /// The keys; zero where a slot is empty.
            pub keys: [$key; $slots],
            /// The lower 16 bits of each entry's [`Expiry`].
            pub expiries: [u16; $slots],
            /// The bits of each entry's [`Count`], which the kernel alone moves.
            pub counts: [u16; $slots],
            /// The mean size of each entry's packets in bytes, which the kernel alone moves.
            pub sizes: [u16; $slots],
            /// The upper four bits of each entry's expiry, the first slot's lowest; from bit 24 on
            /// how far entries lie in neighbour buckets, from bit 28 on how many in the stash.
            pub meta: $meta,
        }

        // SAFETY: `repr(C)` of integers and 64 bytes long; read and written field by field,
        // volatile, through raw pointers only.
        unsafe impl Bucket for $name {
            type Key = $key;
            const SLOTS: usize = $slots;

            #[inline(always)]
            unsafe fn probe(bucket: *const Self, key: $key) -> Probe {
                // SAFETY: the caller's `bucket` is one; the slot is masked to lie within it.
                unsafe {
                    let meta = (&raw const (*bucket).meta).read_volatile() as u32;
                    let Some(slot) = $find(bucket.cast(), key) else {
                        return Probe::Elsewhere(Overflow {
                            reach: (meta >> 24) & 15,
                            stash: meta >> 28,
                        });
                    };
                    let expiries = (&raw const (*bucket).expiries).cast::<u16>();
                    let low = u32::from(expiries.add(slot).read_volatile());
                    let high = (meta >> (4 * slot)) & 15;
                    Probe::Here(slot, Expiry(high << 16 | low))
                }
            }

            #[inline(always)]
            unsafe fn count(bucket: *mut Self, slot: usize, bytes: u64, chance: u64) {
                // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
                unsafe {
                    let count = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
                    let before = Count::from_bits(count.read_volatile());
                    let Some(next) = before.next(chance) else {
                        return;
                    };
                    count.write_volatile(next.bits());
                    let size = (&raw mut (*bucket).sizes).cast::<u16>().add(slot);
                    let bytes = bytes as i32 & 0xffff;
                    if before.bits() == 0 {
                        size.write_volatile(bytes as u16);
                        return;
                    }
                    let mean = i32::from(size.read_volatile());
                    size.write_volatile((mean + ((bytes - mean) >> SIZE_SHIFT)) as u16);
                }
            }

            #[inline]
            fn hash(key: $key, with: &HashKey) -> Hash {
                with.$hash(key)
            }

            #[inline]
            unsafe fn get(bucket: *const Self, slot: usize) -> Option<Slot<$key>> {
                // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
                unsafe {
                    let key = (&raw const (*bucket).keys).cast::<$key>().add(slot);
                    let key = key.read_volatile();
                    if key == 0 {
                        return None;
                    }
                    let low = (&raw const (*bucket).expiries).cast::<u16>().add(slot);
                    let high = ((&raw const (*bucket).meta).read_volatile() >> (4 * slot)) as u32;
                    let count = (&raw const (*bucket).counts).cast::<u16>().add(slot);
                    let size = (&raw const (*bucket).sizes).cast::<u16>().add(slot);
                    Some(Slot {
                        key,
                        expiry: Expiry((high & 15) << 16 | u32::from(low.read_volatile())),
                        packets: Count::from_bits(count.read_volatile()).value(),
                        size: size.read_volatile(),
                    })
                }
            }

            #[inline]
            unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<$key>) {
                // SAFETY: as in `get`.
                unsafe {
                    Self::renew(bucket, slot, entry.expiry);
                    let count = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
                    count.write_volatile(Count::closest(entry.packets).bits());
                    let size = (&raw mut (*bucket).sizes).cast::<u16>().add(slot);
                    size.write_volatile(entry.size);
                    fence(Ordering::Release);
                    let key = (&raw mut (*bucket).keys).cast::<$key>().add(slot);
                    key.write_volatile(entry.key);
                }
            }

            #[inline]
            unsafe fn renew(bucket: *mut Self, slot: usize, expiry: Expiry) {
                // SAFETY: as in `get`.
                unsafe {
                    let low = (&raw mut (*bucket).expiries).cast::<u16>().add(slot);
                    low.write_volatile(expiry.0 as u16);
                    let meta = &raw mut (*bucket).meta;
                    let kept = meta.read_volatile() & !(15 << (4 * slot));
                    meta.write_volatile(kept | $meta::from(expiry.0 >> 16) << (4 * slot));
                }
            }

            #[inline]
            unsafe fn clear(bucket: *mut Self, slot: usize) {
                // SAFETY: as in `get`.
                unsafe {
                    let key = (&raw mut (*bucket).keys).cast::<$key>().add(slot);
                    key.write_volatile(0);
                }
                // Whoever fills the slot next must not be seen under the old key.
                fence(Ordering::Release);
            }

            #[inline]
            unsafe fn overflow(bucket: *const Self) -> Overflow {
                // SAFETY: the caller's `bucket` is one.
                let meta = unsafe { (&raw const (*bucket).meta).read_volatile() } as u32;
                Overflow {
                    reach: (meta >> 24) & 15,
                    stash: meta >> 28,
                }
            }

            #[inline]
            unsafe fn set_overflow(bucket: *mut Self, overflow: Overflow) {
                // SAFETY: as in `overflow`.
                unsafe {
                    let meta = &raw mut (*bucket).meta;
                    let kept = meta.read_volatile() & 0xff_ffff;
                    let overflow = overflow.reach << 24 | overflow.stash << 28;
                    meta.write_volatile(kept | $meta::from(overflow));
                }
            }
        }

        const _: () = assert!(size_of::<$name>() == BUCKET_BYTES);
    };
}

bucket! {
    /// Six keys of 32 bits: IPv4 addresses in host byte order.
    Bucket32, u32, 6, u32, hash32, find_of_six
}
bucket! {
    /// Four keys of 64 bits: IPv6 /64 prefixes in host byte order, or the codes of prefixes.
    Bucket64, u64, 4, u64, hash64, find_of_four
}
