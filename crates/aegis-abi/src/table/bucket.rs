//! Buckets of one cache line: 6 IPv4 addresses, or 4 keys of 64 bits.

use core::{
    mem::size_of,
    sync::atomic::{Ordering, fence},
};

use super::{Count, End, Hash, HashKey, Size};

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
    /// It is in this slot, until then.
    Here(usize, End),
    /// It is not in this bucket; where else it may be.
    Elsewhere(Overflow),
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slot<K> {
    /// What it is found by, never zero.
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
    /// `chance`. It writes nothing that user space writes but the lower byte of the [`End`], by
    /// itself.
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

    /// Returns which slots are empty, a bit for each, the first one lowest. Without a branch for each
    /// slot, as in [`Bucket::probe`].
    ///
    /// # Safety
    ///
    /// As for [`Bucket::probe`].
    unsafe fn free(bucket: *const Self) -> u32;

    /// Fills an empty slot, its key last: a reader meets all of the entry or none of it.
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
    unsafe fn overflow(bucket: *const Self) -> Overflow;

    /// Says how many entries of the bucket lie elsewhere.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::put`].
    unsafe fn set_overflow(bucket: *mut Self, overflow: Overflow);
}

/// Says of one of a bucket's keys whether it is the one that is looked for, where `differs` is zero
/// if it is: a number with the slot in its lower three bits and another bit above, or zero.
///
/// Without a branch on the slot, which nobody could predict: a wrong guess costs more than looking
/// at all keys. Zero less one has all bits.
#[inline(always)]
const fn mark32(differs: u32, slot: u32) -> u32 {
    ((differs as u64).wrapping_sub(1) >> 32) as u32 & (8 | slot)
}

/// The same for keys of 64 bits. Asked of the whole number, the compiler makes a branch of it.
#[inline(always)]
const fn mark64(differs: u64, slot: u32) -> u32 {
    mark32(differs as u32 | (differs >> 32) as u32, slot)
}

/// The bit of [`Bucket32::counts`] from which on the upper bits of the mean size lie.
const SIZE_AT: u32 = 13;
const _: () = assert!(Count::MASK == (1 << SIZE_AT) - 1);

macro_rules! bucket {
    (
        $(#[$doc:meta])* $name:ident, $key:ty, $slots:literal, $room:literal, $hash:ident,
        $mark:ident, [$($slot:literal),*]
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        #[repr(C, align(64))]
        pub struct $name {
            /// The keys; zero where a slot is empty.
            pub keys: [$key; $slots],
            /// The bits of each entry's [`End`].
            pub ends: [u32; $slots],
            /// The bits of each entry's [`Count`], and above them the upper three of its mean
            /// [`Size`]: the kernel alone moves them.
            pub counts: [u16; $slots],
            /// Nothing.
            pub room: [u16; $room],
            /// The bits of its [`Overflow`]: how far entries lie in neighbour buckets, and how many in
            /// the stash.
            pub overflow: u16,
        }

        // SAFETY: `repr(C)` of integers and 64 bytes long; read and written field by field,
        // volatile, through raw pointers only.
        unsafe impl Bucket for $name {
            type Key = $key;
            const SLOTS: usize = $slots;

            #[inline(always)]
            unsafe fn probe(bucket: *const Self, key: $key) -> Probe {
                // SAFETY: the caller's `bucket` is one; a slot that was found is below seven, the
                // last of which would still lie within the bucket.
                unsafe {
                    let keys: *const $key = bucket.cast();
                    let found = 0 $(| $mark(keys.add($slot).read_volatile() ^ key, $slot))*;
                    if found == 0 {
                        return Probe::Elsewhere(Self::overflow(bucket));
                    }
                    let slot = (found & 7) as usize;
                    let ends = (&raw const (*bucket).ends).cast::<u32>();
                    Probe::Here(slot, End::from_bits(ends.add(slot).read_volatile()))
                }
            }

            #[inline(always)]
            unsafe fn count(
                bucket: *mut Self,
                slot: usize,
                bytes: u64,
                chance: impl FnOnce() -> u64,
            ) {
                // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
                unsafe {
                    let count = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
                    let word = count.read_volatile();
                    let Some(next) = Count::from_bits(word & Count::MASK).next(chance) else {
                        return;
                    };
                    // The lowest byte of a word lies first on every target.
                    let size = (&raw mut (*bucket).ends).cast::<u32>().add(slot).cast::<u8>();
                    let mean = (word >> SIZE_AT) << 8 | size.read_volatile() as u16;
                    let packet = Size::of(bytes);
                    if packet.bits() == mean {
                        count.write_volatile(word + 1);
                        return;
                    }
                    let mean = if word & Count::MASK == 0 {
                        packet
                    } else {
                        Size::from_bits(mean).toward(packet)
                    };
                    count.write_volatile(next.bits() | (mean.bits() >> 8) << SIZE_AT);
                    size.write_volatile(mean.bits() as u8);
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
                    let end = (&raw const (*bucket).ends).cast::<u32>().add(slot);
                    let end = End::from_bits(end.read_volatile());
                    let word = (&raw const (*bucket).counts).cast::<u16>().add(slot);
                    let word = word.read_volatile();
                    let size = (word >> SIZE_AT) << 8 | (end.bits() & End::SIZE_MASK) as u16;
                    Some(Slot {
                        key,
                        end: end.with_size(0),
                        packets: Count::from_bits(word & Count::MASK).value(),
                        size: Size::from_bits(size).bytes(),
                    })
                }
            }

            #[inline]
            unsafe fn end(bucket: *const Self, slot: usize) -> End {
                // SAFETY: as in `get`.
                unsafe {
                    let end = (&raw const (*bucket).ends).cast::<u32>().add(slot);
                    End::from_bits(end.read_volatile())
                }
            }

            #[inline]
            unsafe fn free(bucket: *const Self) -> u32 {
                // SAFETY: as in `probe`.
                unsafe {
                    let keys: *const $key = bucket.cast();
                    0 $(| u32::from(keys.add($slot).read_volatile() == 0) << $slot)*
                }
            }

            #[inline]
            unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<$key>) {
                // SAFETY: as in `get`.
                unsafe {
                    let size = Size::of(entry.size as u64).bits();
                    let end = (&raw mut (*bucket).ends).cast::<u32>().add(slot);
                    end.write_volatile(entry.end.with_size(size as u32).bits());
                    let count = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
                    let closest = Count::closest(entry.packets).bits();
                    count.write_volatile(closest | (size >> 8) << SIZE_AT);
                    fence(Ordering::Release);
                    let key = (&raw mut (*bucket).keys).cast::<$key>().add(slot);
                    key.write_volatile(entry.key);
                }
            }

            #[inline]
            unsafe fn renew(bucket: *mut Self, slot: usize, end: End) {
                // SAFETY: as in `get`. What the kernel program writes to the lower byte in between
                // is lost, and with it one packet's share in a mean.
                unsafe {
                    let at = (&raw mut (*bucket).ends).cast::<u32>().add(slot);
                    let size = at.read_volatile();
                    at.write_volatile(end.with_size(size).bits());
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

            #[inline(always)]
            unsafe fn overflow(bucket: *const Self) -> Overflow {
                // SAFETY: the caller's `bucket` is one.
                let word = unsafe { (&raw const (*bucket).overflow).read_volatile() };
                Overflow::of(word as u32)
            }

            #[inline]
            unsafe fn set_overflow(bucket: *mut Self, overflow: Overflow) {
                // SAFETY: as in `overflow`.
                unsafe { (&raw mut (*bucket).overflow).write_volatile(overflow.bits() as u16) };
            }
        }

        const _: () = assert!(size_of::<$name>() == BUCKET_BYTES);
    };
}

bucket! {
    /// Six keys of 32 bits: IPv4 addresses in host byte order.
    Bucket32, u32, 6, 1, hash32, mark32, [0, 1, 2, 3, 4, 5]
}
bucket! {
    /// Four keys of 64 bits: IPv6 /64 prefixes in host byte order, or the codes of prefixes.
    Bucket64, u64, 4, 3, hash64, mark64, [0, 1, 2, 3]
}
