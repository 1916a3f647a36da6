//! When an entry ends, in one word that is written whole: no reader meets half of a renewal.

use super::Expiry;
use crate::pin;

/// The word of an entry that says until when it counts.
///
/// The upper bits are its [`Expiry`]. Then a bit that says that it is *staged*: it counts only
/// where staged entries are shown ([`crate::config_flag::SHOW_STAGED`]), so that many entries come
/// into force by one word. The upper bit of a staged entry is the other way round, by which it
/// looks over to everybody else, and entries that are not staged cost no look at that bit. The
/// lower eight bits belong to the packets' mean size, and the kernel program alone moves them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End(u32);

/// A moment that ends are compared with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now(u32);

impl Now {
    /// Returns the moment after so many units.
    #[inline(always)]
    pub const fn new(units: u64) -> Self {
        // All lower bits: whatever those of an end are, it is not later for them.
        Self((units as u32) << End::SHIFT | ((1 << End::SHIFT) - 1))
    }

    /// Returns the moment that lies at this jiffy, where a unit is that power of two, below 2^64, of
    /// jiffies: at hand from here on, and in the fewest instructions.
    #[inline(always)]
    pub fn at(jiffies: u64, unit_shift: u32) -> Self {
        const BELOW: i32 = (1 << End::SHIFT) - 1;
        Self(pin::or::<BELOW>(jiffies << End::SHIFT >> unit_shift) as u32)
    }
}

impl End {
    const SHIFT: u32 = u32::BITS - Expiry::BITS;
    const STAGED: u32 = 1 << (Self::SHIFT - 1);
    const TOP: u32 = 1 << (u32::BITS - 1);
    /// The bits of the mean size.
    pub const SIZE_MASK: u32 = Self::STAGED - 1;

    /// Returns the word of an entry that counts.
    #[inline(always)]
    pub const fn new(expiry: Expiry) -> Self {
        Self(expiry.bits() << Self::SHIFT)
    }

    /// Returns the word of bits that were read.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the same with other bits of the mean size.
    #[inline(always)]
    pub const fn with_size(self, size: u32) -> Self {
        Self(self.0 & !Self::SIZE_MASK | size & Self::SIZE_MASK)
    }

    /// Returns the same, counting only where staged entries are shown.
    pub const fn staged(self) -> Self {
        if self.is_staged() {
            return self;
        }
        Self((self.0 ^ Self::TOP) | Self::STAGED)
    }

    /// Returns the same, counting everywhere.
    #[inline(always)]
    pub const fn shown(self) -> Self {
        if self.is_staged() {
            Self((self.0 ^ Self::TOP) & !Self::STAGED)
        } else {
            self
        }
    }

    /// Returns whether it counts only where staged entries are shown.
    #[inline(always)]
    pub const fn is_staged(self) -> bool {
        self.0 & Self::STAGED != 0
    }

    /// Returns the moment itself, staged or not.
    pub const fn expiry(self) -> Expiry {
        Expiry::new((self.shown().0 >> Self::SHIFT) as u64)
    }

    /// Returns whether an entry that is not staged is still ahead at `now`; `false` of a staged one.
    #[inline(always)]
    pub const fn is_after(self, now: Now) -> bool {
        self.0.wrapping_sub(now.0) as i32 > 0
    }

    /// Returns whether an entry counts at `now` where staged ones are shown.
    #[inline(always)]
    pub const fn is_shown_after(self, now: Now) -> bool {
        self.shown().is_after(now)
    }
}
