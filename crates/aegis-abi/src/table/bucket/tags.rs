//! Which slots of a bucket may hold a key: a byte of each, all compared at once.
//!
//! The tags lie in the last word of a bucket, the first slot's lowest, and the overflow above them.
//! Nothing here branches on a tag, since nobody could predict that, and a wrong guess costs more than
//! the whole look.

use super::{BUCKET_BYTES, End, Glance, Overflow, Probe};

/// The tags of a bucket's slots, and above them the bits of its [`Overflow`].
#[derive(Clone, Copy)]
pub(super) struct Tags(u64);

/// The slots that bear a tag: bit 7 of each one's byte.
#[derive(Clone, Copy)]
struct Marks(u64);

impl Tags {
    const OVERFLOW_AT: u32 = 48;

    /// Where they lie in a bucket of either kind, and the overflow above them.
    pub(super) const AT: usize = BUCKET_BYTES - 8;
    /// See [`Self::AT`].
    pub(super) const OVERFLOW_BYTES_AT: usize = Self::AT + Self::OVERFLOW_AT as usize / 8;

    /// Reads them.
    ///
    /// # Safety
    ///
    /// `bucket` points to [`BUCKET_BYTES`] live, aligned bytes.
    #[inline(always)]
    pub(super) unsafe fn read<B>(bucket: *const B) -> Self {
        // SAFETY: the last word lies within the bucket.
        Self(unsafe { bucket.byte_add(Self::AT).cast::<u64>().read_volatile() })
    }

    /// Reads the overflow alone.
    ///
    /// # Safety
    ///
    /// As for [`Self::read`].
    #[inline(always)]
    pub(super) unsafe fn read_overflow<B>(bucket: *const B) -> Overflow {
        // SAFETY: as above.
        let bits = unsafe {
            let at = bucket.byte_add(Self::OVERFLOW_BYTES_AT).cast::<u16>();
            at.read_volatile()
        };
        Overflow::of(u32::from(bits))
    }

    /// Writes the overflow, and leaves the tags alone.
    ///
    /// # Safety
    ///
    /// As for [`Self::read`]; nobody else writes it.
    #[inline]
    pub(super) unsafe fn write_overflow<B>(bucket: *mut B, overflow: Overflow) {
        // SAFETY: as above.
        unsafe {
            let at = bucket.byte_add(Self::OVERFLOW_BYTES_AT).cast::<u16>();
            at.write_volatile(overflow.bits() as u16);
        }
    }

    /// Returns which of the first `SLOTS` slots bear `tag`. The first one that is told always does; of
    /// a slot right above one that does it may be told as well where it does not, which only costs
    /// whoever looks (a zero among bytes, by the borrow of a subtraction: Mycroft 1987).
    #[inline(always)]
    const fn marks<const SLOTS: usize>(self, tag: u8) -> Marks {
        let each = each::<SLOTS>();
        let differs = self.0 ^ (tag as u64).wrapping_mul(each);
        Marks(differs.wrapping_sub(each) & !differs & (each << 7))
    }

    /// Looks into the first slot that bears `tag`, if any; `end` says when the entry in a slot ends,
    /// where that is the one that is looked for.
    #[inline(always)]
    pub(super) fn glance<const SLOTS: usize>(
        self,
        tag: u8,
        end: impl FnOnce(usize) -> Option<End>,
    ) -> Glance {
        let marks = self.marks::<SLOTS>(tag);
        if marks.is_none() {
            return match self.overflow().bits() {
                0 => Glance::Nowhere,
                _ => Glance::Unsure,
            };
        }
        let slot = marks.first();
        match end(slot) {
            Some(end) => Glance::Here(slot, end),
            // Whether other slots bear the tag is not asked: the less is at hand here, the fewer
            // registers all that comes before and after goes without.
            None => Glance::Unsure,
        }
    }

    /// Looks into every slot that bears `tag`.
    #[inline(always)]
    pub(super) fn probe<const SLOTS: usize>(
        self,
        tag: u8,
        end: impl Fn(usize) -> Option<End>,
    ) -> Probe {
        let mut marks = self.marks::<SLOTS>(tag);
        for _ in 0..SLOTS {
            if marks.is_none() {
                break;
            }
            let slot = marks.first();
            if let Some(end) = end(slot) {
                return Probe::Here(slot, end);
            }
            marks = marks.rest();
        }
        Probe::Elsewhere(self.overflow())
    }

    #[inline(always)]
    const fn overflow(self) -> Overflow {
        Overflow::of((self.0 >> Self::OVERFLOW_AT) as u32)
    }
}

impl Marks {
    /// Its eight numbers of three bits, slot by slot, lie such that the bit of a slot moves that
    /// slot's to the top: the target has no instruction that counts zeros.
    const NUMBERS: u64 = {
        let mut numbers = 0;
        let mut slot = 0;
        while slot < 7 {
            numbers |= slot << (54 - 8 * slot);
            slot += 1;
        }
        numbers
    };

    #[inline(always)]
    const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Returns the first slot, below seven; any where there is none.
    #[inline(always)]
    const fn first(self) -> usize {
        ((self.0 & self.0.wrapping_neg()).wrapping_mul(Self::NUMBERS) >> 61) as usize
    }

    /// Returns the slots behind the first.
    #[inline(always)]
    const fn rest(self) -> Self {
        Self(self.0 & self.0.wrapping_sub(1))
    }
}

/// Returns the number with the lowest bit of each of the first `SLOTS` bytes.
const fn each<const SLOTS: usize>() -> u64 {
    0x0101_0101_0101_0101 & ((1 << (8 * SLOTS)) - 1)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// Returns the slots that are told, in their order.
    fn told<const SLOTS: usize>(bytes: [u8; 8], tag: u8) -> std::vec::Vec<usize> {
        let mut marks = Tags(u64::from_le_bytes(bytes)).marks::<SLOTS>(tag);
        let mut slots = std::vec::Vec::new();
        while !marks.is_none() {
            slots.push(marks.first());
            marks = marks.rest();
        }
        slots
    }

    #[test]
    fn every_slot_with_the_tag_is_told_and_the_first_one_bears_it() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            // Few values, so that many are alike or differ by one.
            let bytes = (state >> 8).to_le_bytes().map(|it| it & 0x83);
            let tag = (state >> 3) as u8 & 0x83;
            for slots in [told::<6>(bytes, tag), told::<4>(bytes, tag)] {
                assert!(slots.is_sorted());
                if let Some(first) = slots.first() {
                    assert_eq!(bytes[*first], tag);
                }
            }
            let bears = |count: usize| (0..count).filter(move |it| bytes[*it] == tag);
            let six = told::<6>(bytes, tag);
            assert!(bears(6).all(|it| six.contains(&it)), "{bytes:?} {tag}");
            assert!(six.iter().all(|it| *it < 6));
            let four = told::<4>(bytes, tag);
            assert!(bears(4).all(|it| four.contains(&it)), "{bytes:?} {tag}");
            assert!(four.iter().all(|it| *it < 4));
        }
    }
}
