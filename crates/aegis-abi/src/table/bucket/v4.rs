//! Six IPv4 addresses in a cache line.
//!
//! An entry is one word: what of its address the tag does not say, when it ends, how many packets
//! met it. So it is read at once, and it comes and goes at once.

use core::{
    mem::{offset_of, size_of},
    sync::atomic::{Ordering, fence},
};

use super::{
    super::{Count, End, Hash, HashKey, Size, count},
    BUCKET_BYTES, Bucket, Glance, Probe, Slot,
    tags::Tags,
};
use crate::pin;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "an entry is read as one word and written in parts"
);

const SLOTS: usize = 6;

/// Six keys of 32 bits: IPv4 addresses in host byte order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct Bucket32 {
    /// The entries; see [`Entry32`].
    pub entries: [Entry32; SLOTS],
    /// The lower bits of each entry's mean [`Size`]: the kernel alone moves them.
    pub sizes: [u8; SLOTS],
    /// Nothing.
    pub room: u16,
    /// The upper bits of each entry's code.
    pub tags: [u8; SLOTS],
    /// The bits of the bucket's [`super::Overflow`]: how far entries lie in neighbour buckets, and how many
    /// in the stash.
    pub overflow: u16,
}

/// One address, read as one word. A slot is empty where the bits of the code are zero: an
/// address multiplied by an odd number, of which the tag holds eight bits and the entry the rest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(8))]
pub struct Entry32 {
    /// The bits of its [`Count`], and above them the upper three of its mean [`Size`]: the kernel
    /// alone moves them.
    pub count: u16,
    /// The lower sixteen bits of its code.
    pub low: u16,
    /// The upper bits of its [`End`], and below them eight more of its code.
    pub end: u32,
}

const _: () = assert!(size_of::<Bucket32>() == BUCKET_BYTES && size_of::<Entry32>() == 8);
const _: () = assert!(offset_of!(Bucket32, tags) == Tags::AT);
const _: () = assert!(offset_of!(Bucket32, overflow) == Tags::OVERFLOW_BYTES_AT);

/// An address as a bucket holds it: eight bits of tag, then what the entry holds. Multiplied by an
/// odd number (Knuth, The Art of Computer Programming 3, 6.4), so that all bits of the address reach
/// the tag and none is lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Code(u32);

impl Code {
    const MULTIPLY: u32 = 0x9e37_79b1;
    /// What undoes it.
    const DIVIDE: u32 = {
        // Each step doubles the bits that are right (Newton); of an odd number three are at first.
        let mut inverse = Self::MULTIPLY;
        let mut right = 3;
        while right < u32::BITS {
            inverse =
                inverse.wrapping_mul(2_u32.wrapping_sub(Self::MULTIPLY.wrapping_mul(inverse)));
            right *= 2;
        }
        inverse
    };
    const REST_BITS: u32 = 24;
    const REST: u32 = (1 << Self::REST_BITS) - 1;
    /// Where the rest begins in an entry.
    const AT: u32 = 16;

    #[inline(always)]
    const fn of(address: u32) -> Self {
        Self(address.wrapping_mul(Self::MULTIPLY))
    }

    #[inline(always)]
    const fn new(tag: u8, rest: u32) -> Self {
        Self((tag as u32) << Self::REST_BITS | rest)
    }

    #[inline(always)]
    const fn address(self) -> u32 {
        self.0.wrapping_mul(Self::DIVIDE)
    }

    #[inline(always)]
    const fn tag(self) -> u8 {
        (self.0 >> Self::REST_BITS) as u8
    }

    /// What an entry holds of it.
    #[inline(always)]
    const fn rest(self) -> u32 {
        self.0 & Self::REST
    }
}

/// An entry, as one word.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    #[inline(always)]
    fn rest(self) -> u64 {
        const ABOVE: u32 = u64::BITS - Code::AT - Code::REST_BITS;
        const BELOW: u32 = u64::BITS - Code::REST_BITS;
        pin::cut::<ABOVE, BELOW>(self.0)
    }

    /// Returns when it ends; the bits of the mean size are others.
    #[inline(always)]
    const fn end(self) -> End {
        End::from_bits((self.0 >> 32) as u32)
    }

    #[inline(always)]
    const fn count(self) -> u16 {
        self.0 as u16
    }
}

impl Bucket32 {
    /// # Safety
    ///
    /// As for [`Bucket::probe`]; `slot` is below seven, where the seventh would still lie within the
    /// bucket.
    #[inline(always)]
    unsafe fn word(bucket: *const Self, slot: usize) -> Word {
        // SAFETY: the entries lie first.
        Word(unsafe { bucket.cast::<u64>().add(slot).read_volatile() })
    }

    /// # Safety
    ///
    /// As for [`Bucket::count`].
    #[inline(always)]
    unsafe fn entry(bucket: *mut Self, slot: usize) -> *mut Entry32 {
        // SAFETY: the entries lie first.
        unsafe { bucket.cast::<Entry32>().add(slot) }
    }

    /// Returns when the entry in a slot ends, where that holds this rest of a [`Code`].
    ///
    /// # Safety
    ///
    /// As for [`Self::word`].
    #[inline(always)]
    unsafe fn end_of(bucket: *const Self, slot: usize, rest: u64) -> Option<End> {
        // SAFETY: the caller's.
        let word = unsafe { Self::word(bucket, slot) };
        if word.rest() == rest {
            return Some(word.end());
        }
        None
    }
}

// SAFETY: `repr(C)` of integers and 64 bytes long; read and written field by field, volatile, through
// raw pointers only.
unsafe impl Bucket for Bucket32 {
    type Key = u32;
    const SLOTS: usize = SLOTS;

    #[inline(always)]
    fn is_storable(key: u32) -> bool {
        // The multiplier is odd: the lower bits of a product are zero where those of the key are.
        key & Code::REST != 0
    }

    #[inline(always)]
    unsafe fn glance(bucket: *const Self, key: u32) -> Glance {
        let code = Code::of(key);
        let rest = pin::and::<{ Code::REST as i32 }>(u64::from(code.0));
        if rest == 0 {
            return Glance::Unsure;
        }
        // SAFETY: the caller's `bucket` is one, and slots are below seven.
        unsafe {
            Tags::read(bucket).glance::<SLOTS>(code.tag(), |it| Self::end_of(bucket, it, rest))
        }
    }

    #[inline(always)]
    unsafe fn probe(bucket: *const Self, key: u32) -> Probe {
        let code = Code::of(key);
        let rest = u64::from(code.rest());
        // SAFETY: as in `glance`.
        unsafe {
            Tags::read(bucket).probe::<SLOTS>(code.tag(), |it| Self::end_of(bucket, it, rest))
        }
    }

    #[inline(always)]
    unsafe fn count(bucket: *mut Self, slot: usize, bytes: u64, chance: impl FnOnce() -> u64) {
        // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
        unsafe {
            let at = &raw mut (*Self::entry(bucket, slot)).count;
            let size = (&raw mut (*bucket).sizes).cast::<u8>().add(slot);
            count::step((at, size), bytes, chance);
        }
    }

    #[inline]
    fn hash(key: u32, with: &HashKey) -> Hash {
        with.hash32(key)
    }

    #[inline]
    unsafe fn get(bucket: *const Self, slot: usize) -> Option<Slot<u32>> {
        // SAFETY: the caller's `bucket` is one, and `slot` is below the number of slots.
        unsafe {
            let word = Self::word(bucket, slot);
            if word.rest() == 0 {
                return None;
            }
            let tag = (&raw const (*bucket).tags).cast::<u8>().add(slot);
            let size = (&raw const (*bucket).sizes).cast::<u8>().add(slot);
            let (packets, size) = count::value(word.count(), size.read_volatile());
            Some(Slot {
                key: Code::new(tag.read_volatile(), word.rest() as u32).address(),
                end: word.end().with_size(0),
                packets,
                size,
            })
        }
    }

    #[inline]
    unsafe fn end(bucket: *const Self, slot: usize) -> End {
        // SAFETY: as in `get`.
        unsafe { Self::word(bucket, slot).end() }
    }

    #[inline]
    unsafe fn free(bucket: *const Self) -> u32 {
        let mut free = 0;
        for slot in 0..SLOTS {
            // SAFETY: as in `probe`.
            let word = unsafe { Self::word(bucket, slot) };
            free |= u32::from(word.rest() == 0) << slot;
        }
        free
    }

    #[inline]
    unsafe fn put(bucket: *mut Self, slot: usize, entry: Slot<u32>) {
        let code = Code::of(entry.key);
        let size = Size::of(entry.size as u64);
        let word = u64::from(entry.end.with_size(0).bits()) << 32
            | u64::from(code.rest()) << Code::AT
            | u64::from(count::word(Count::closest(entry.packets), size));
        // SAFETY: as in `get`.
        unsafe {
            let tag = (&raw mut (*bucket).tags).cast::<u8>().add(slot);
            tag.write_volatile(code.tag());
            let low = (&raw mut (*bucket).sizes).cast::<u8>().add(slot);
            low.write_volatile(size.bits() as u8);
            fence(Ordering::Release);
            Self::entry(bucket, slot).cast::<u64>().write_volatile(word);
        }
    }

    #[inline]
    unsafe fn renew(bucket: *mut Self, slot: usize, end: End) {
        // SAFETY: as in `get`.
        unsafe {
            let at = &raw mut (*Self::entry(bucket, slot)).end;
            // What is below an end is part of the address here.
            let below = at.read_volatile();
            at.write_volatile(end.with_size(below).bits());
        }
    }

    #[inline]
    unsafe fn clear(bucket: *mut Self, slot: usize) {
        // SAFETY: as in `get`.
        unsafe { Self::entry(bucket, slot).cast::<u64>().write_volatile(0) };
        // Whoever fills the slot next must not be seen under the old tag.
        fence(Ordering::Release);
    }
}
