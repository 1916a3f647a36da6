//! Four keys of 64 bits in a cache line: each whole, and a tag by which its slot is found.

use core::{
    mem::{offset_of, size_of},
    sync::atomic::{Ordering, fence},
};

use super::{
    super::{Count, End, Hash, HashKey, Size, count},
    BUCKET_BYTES, Bucket, Glance, Probe, Slot,
    tags::Tags,
};

const SLOTS: usize = 4;

/// Four keys of 64 bits: IPv6 /64 prefixes in host byte order, or the codes of prefixes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct Bucket64 {
    /// The keys; zero where a slot is empty.
    pub keys: [u64; SLOTS],
    /// The bits of each entry's [`End`], and below them the lower ones of its mean [`Size`]: the
    /// kernel alone moves those.
    pub ends: [u32; SLOTS],
    /// The bits of each entry's [`Count`], and above them the upper three of its mean [`Size`],
    /// likewise.
    pub counts: [u16; SLOTS],
    /// A byte of each key that all its bits reach.
    pub tags: [u8; SLOTS],
    /// Nothing.
    pub room: u16,
    /// As in [`super::Bucket32`].
    pub overflow: u16,
}

const _: () = assert!(size_of::<Bucket64>() == BUCKET_BYTES);
const _: () = assert!(offset_of!(Bucket64, tags) == Tags::AT);
const _: () = assert!(offset_of!(Bucket64, overflow) == Tags::OVERFLOW_BYTES_AT);

/// Returns the tag of a key, of which all bits reach the upper ones of a product.
#[inline(always)]
const fn tag(key: u64) -> u8 {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

impl Bucket64 {
    /// Returns when the entry in a slot ends, where that is the one of `key`.
    ///
    /// # Safety
    ///
    /// As for [`Bucket::probe`]; `slot` is below seven, where the seventh would still lie within the
    /// bucket.
    #[inline(always)]
    unsafe fn end_of(bucket: *const Self, slot: usize, key: u64) -> Option<End> {
        // SAFETY: the caller's.
        unsafe {
            if bucket.cast::<u64>().add(slot).read_volatile() != key {
                return None;
            }
            Some(Self::end(bucket, slot))
        }
    }
}

// SAFETY: as of `Bucket32`.
unsafe impl Bucket for Bucket64 {
    type Key = u64;
    const SLOTS: usize = SLOTS;

    #[inline(always)]
    fn is_storable(key: u64) -> bool {
        key != 0
    }

    #[inline(always)]
    unsafe fn glance(bucket: *const Self, key: u64) -> Glance {
        if key == 0 {
            return Glance::Unsure;
        }
        // SAFETY: the caller's `bucket` is one, and slots are below seven.
        unsafe { Tags::read(bucket).glance::<SLOTS>(tag(key), |it| Self::end_of(bucket, it, key)) }
    }

    #[inline(always)]
    unsafe fn probe(bucket: *const Self, key: u64) -> Probe {
        // SAFETY: as in `glance`.
        unsafe { Tags::read(bucket).probe::<SLOTS>(tag(key), |it| Self::end_of(bucket, it, key)) }
    }

    #[inline(always)]
    unsafe fn count(bucket: *mut Self, slot: usize, bytes: u64, chance: impl FnOnce() -> u64) {
        // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
        unsafe {
            let at = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
            // The lowest byte of a word lies first.
            let end = (&raw mut (*bucket).ends).cast::<u32>().add(slot);
            count::step((at, end.cast()), bytes, chance);
        }
    }

    #[inline]
    fn hash(key: u64, with: &HashKey) -> Hash {
        with.hash64(key)
    }

    #[inline]
    unsafe fn get(bucket: *const Self, slot: usize) -> Option<Slot<u64>> {
        // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
        unsafe {
            let key = bucket.cast::<u64>().add(slot).read_volatile();
            if key == 0 {
                return None;
            }
            let end = Self::end(bucket, slot);
            let count = (&raw const (*bucket).counts).cast::<u16>().add(slot);
            let (packets, size) = count::value(count.read_volatile(), end.bits() as u8);
            Some(Slot {
                key,
                end: end.with_size(0),
                packets,
                size,
            })
        }
    }

    #[inline(always)]
    unsafe fn end(bucket: *const Self, slot: usize) -> End {
        // SAFETY: as in `get`.
        unsafe {
            let end = (&raw const (*bucket).ends).cast::<u32>().add(slot);
            End::from_bits(end.read_volatile())
        }
    }

    #[inline]
    unsafe fn free(bucket: *const Self) -> u32 {
        let mut free = 0;
        for slot in 0..SLOTS {
            // SAFETY: as in `probe`.
            let key = unsafe { bucket.cast::<u64>().add(slot).read_volatile() };
            free |= u32::from(key == 0) << slot;
        }
        free
    }

    #[inline]
    unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<u64>) {
        let size = Size::of(entry.size as u64);
        // SAFETY: as in `get`.
        unsafe {
            let end = (&raw mut (*bucket).ends).cast::<u32>().add(slot);
            end.write_volatile(entry.end.with_size(size.bits() as u32).bits());
            let count = (&raw mut (*bucket).counts).cast::<u16>().add(slot);
            count.write_volatile(count::word(Count::closest(entry.packets), size));
            let tags = (&raw mut (*bucket).tags).cast::<u8>().add(slot);
            tags.write_volatile(tag(entry.key));
            fence(Ordering::Release);
            bucket.cast::<u64>().add(slot).write_volatile(entry.key);
        }
    }

    #[inline]
    unsafe fn renew(bucket: *mut Self, slot: usize, end: End) {
        // SAFETY: as in `get`. What the kernel program writes to the lower byte in between is lost,
        // and with it one packet's share in a mean.
        unsafe {
            let at = (&raw mut (*bucket).ends).cast::<u32>().add(slot);
            let size = at.read_volatile();
            at.write_volatile(end.with_size(size).bits());
        }
    }

    #[inline]
    unsafe fn clear(bucket: *mut Self, slot: usize) {
        // SAFETY: as in `get`.
        unsafe { bucket.cast::<u64>().add(slot).write_volatile(0) };
        // Whoever fills the slot next must not be seen under the old key.
        fence(Ordering::Release);
    }
}
