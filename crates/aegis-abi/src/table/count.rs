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
    /// Its bits of the word that it lies in.
    pub const MASK: u16 = (Self::SHIFT_MAX as u16) << Self::BITS | ((1 << Self::BITS) - 1);
    /// The bits of which none is set while every packet moves it.
    const SELDOM: u16 = (Self::SHIFT_MAX as u16) << Self::BITS;
    /// Beyond 2^40 packets it stays where it is.
    const SHIFT_MAX: u32 = 31;

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

    /// Returns whether one more packet moves the counter, which is then one more; `chance` gives any
    /// number whose lower 32 bits are spread evenly over the packets, and is not asked at first.
    #[inline(always)]
    pub fn moves(self, chance: impl FnOnce() -> u64) -> bool {
        if self.0 & Self::SELDOM == 0 {
            return true;
        }
        let shift = (self.0 >> Self::BITS) as u32;
        chance() & ((1 << (shift & 63)) - 1) == 0 && self.0 < Self::MASK
    }

    /// Returns the largest counter that says no more than `packets`.
    #[inline]
    pub const fn closest(packets: u64) -> Self {
        let base = 1 << Self::BITS;
        let sum = packets.saturating_add(base);
        let shift = sum.ilog2() - Self::BITS;
        if shift > Self::SHIFT_MAX {
            return Self(Self::MASK);
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

/// A mean size of packets in eleven bits: exact below [`Size::EXACT`] bytes, which ordinary frames
/// are, to 256 bytes above.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Size(u16); // below 2^11

impl Size {
    /// From so many bytes on it is not exact.
    pub const EXACT: u64 = 1792;
    const COARSE_SHIFT: u32 = 8;
    const MAX: u64 = (1 << 11) - 1;

    /// Returns the size of `bytes` bytes.
    #[inline(always)]
    pub const fn of(bytes: u64) -> Self {
        if bytes < Self::EXACT {
            return Self(bytes as u16);
        }
        let coarse = Self::EXACT + ((bytes - Self::EXACT) >> Self::COARSE_SHIFT);
        Self(if coarse > Self::MAX {
            Self::MAX
        } else {
            coarse
        } as u16)
    }

    /// Returns the size of these bits.
    #[inline(always)]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::MAX as u16)
    }

    /// Returns the bits.
    #[inline(always)]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns the mean after one more packet of this size.
    #[inline(always)]
    pub const fn toward(self, packet: Self) -> Self {
        let mean = self.0 as i32;
        Self((mean + ((packet.0 as i32 - mean) >> SIZE_SHIFT)) as u16)
    }

    /// Returns the bytes.
    pub const fn bytes(self) -> u16 {
        let bits = self.0 as u64;
        if bits < Self::EXACT {
            return self.0;
        }
        let bytes = Self::EXACT + ((bits - Self::EXACT) << Self::COARSE_SHIFT);
        if bytes > u16::MAX as u64 {
            u16::MAX
        } else {
            bytes as u16
        }
    }
}

/// The bit of a count's word from which on the upper bits of the mean size lie.
const SIZE_AT: u32 = 13;
const _: () = assert!(Count::MASK == (1 << SIZE_AT) - 1);

/// Returns the word of a count and of the upper bits of a mean size.
#[inline(always)]
pub(super) const fn word(count: Count, size: Size) -> u16 {
    count.bits() | (size.bits() >> 8) << SIZE_AT
}

/// Returns what such a word and the lower byte of the mean size say: packets, and bytes of each.
#[inline(always)]
pub(super) const fn value(word: u16, low: u8) -> (u64, u16) {
    let size = Size::from_bits((word >> SIZE_AT) << 8 | low as u16);
    (Count::from_bits(word & Count::MASK).value(), size.bytes())
}

/// Counts a packet of `bytes` bytes where such a word and the lower byte of the mean size lie; see
/// [`Count::moves`] for `chance`.
///
/// # Safety
///
/// Both may be read and written.
#[inline(always)]
pub(super) unsafe fn step(
    (count, size): (*mut u16, *mut u8),
    bytes: u64,
    chance: impl FnOnce() -> u64,
) {
    // SAFETY: the caller's.
    unsafe {
        let before = count.read_volatile();
        if !Count::from_bits(before & Count::MASK).moves(chance) {
            return;
        }
        let mean = (before >> SIZE_AT) << 8 | size.read_volatile() as u16;
        // Nearly always, and with no more instructions than it takes.
        if mean as u64 == bytes && bytes < Size::EXACT {
            count.write_volatile(before + 1);
            return;
        }
        let packet = Size::of(bytes);
        let mean = if before & Count::MASK == 0 {
            packet
        } else {
            Size::from_bits(mean).toward(packet)
        };
        let next = Count::from_bits((before & Count::MASK) + 1);
        count.write_volatile(word(next, mean));
        size.write_volatile(mean.bits() as u8);
    }
}
