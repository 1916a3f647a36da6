//! Sixteen bits that count to any number: exactly at first, then within some per cent.
//!
//! The floating-point counter of Csűrös (Approximate counting with a floating-point counter,
//! COCOON 2010): the upper bits say how seldom to count, the lower ones how often that was done. A
//! source that sends much is written seldom, so that counting it costs its packets nothing.

/// How a counter moves: the first 256 packets one by one, later ones with a standard error of
/// about 4 per cent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count(u16);

/// The mean size of a source's packets moves by this share (as a shift) of each counted one.
pub const SIZE_SHIFT: u32 = 3;

impl Count {
    const BITS: u32 = 8;
    /// Beyond this it stays where it is: 2^40 packets.
    const SHIFT_MAX: u32 = 32;

    /// Returns the counter of these bits.
    #[inline(always)]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[inline(always)]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns the counter after one more packet, where that moves it; `chance` is any number
    /// whose lower 32 bits are spread evenly over the packets.
    #[inline(always)]
    pub const fn next(self, chance: u64) -> Option<Self> {
        let shift = (self.0 >> Self::BITS) as u32;
        if chance & ((1 << (shift & 63)) - 1) != 0 || shift >= Self::SHIFT_MAX {
            return None;
        }
        Some(Self(self.0 + 1))
    }

    /// Returns the largest counter that says no more than `packets`.
    pub const fn closest(packets: u64) -> Self {
        let base = 1 << Self::BITS;
        let sum = packets.saturating_add(base);
        let shift = sum.ilog2() - Self::BITS;
        if shift >= Self::SHIFT_MAX {
            return Self((Self::SHIFT_MAX << Self::BITS) as u16);
        }
        Self((shift << Self::BITS) as u16 | ((sum >> shift) - base) as u16)
    }

    /// Returns the expected number of packets.
    pub const fn value(self) -> u64 {
        let base = 1 << Self::BITS;
        let shift = (self.0 >> Self::BITS) as u32;
        let shift = if shift > Self::SHIFT_MAX {
            Self::SHIFT_MAX
        } else {
            shift
        };
        ((base + (self.0 & (base as u16 - 1)) as u64) << shift) - base
    }
}
